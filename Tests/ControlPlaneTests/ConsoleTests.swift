import HTTPWire
import Testing

@testable import ControlPlane

@Suite struct ConsoleTests {
    @Test(arguments: [
        ("/", "text/html; charset=utf-8", "<!doctype html>"),
        ("/console/console.js", "text/javascript; charset=utf-8", "// The"),
        ("/console/console.css", "text/css; charset=utf-8", "/* The"), ("/console/mark.svg", "image/svg+xml", "<svg"),
    ])
    func thePagesAreServedToEveryoneUnderAStrictPolicy(path: String, type: String, start: String) async throws {
        try await withControl { control in
            let page = try await control.request("GET", path)
            #expect(page.status == 200 && page.text.hasPrefix(start))
            #expect(page.fields[.contentType] == type)
            let policy = page.fields["Content-Security-Policy"] ?? ""
            #expect(policy.hasPrefix("default-src 'none'") && !policy.contains("unsafe"))
            #expect(page.fields["X-Content-Type-Options"] == "nosniff")
        }
    }

    @Test func nothingIsLoadedFromElsewhereAndNoMarkupHasCode() async throws {
        try await withControl { control in
            let page = try await control.request("GET", "/").text
            #expect(!page.contains("http:") && !page.contains("https:") && !page.contains("//"))
            #expect(page.firstMatch(of: /\son[a-z]+=/) == nil && !page.contains("style="))
            #expect(page.matches(of: /<script/).count == 1 && page.contains("<script src=\"/console/console.js\""))
            let script = try await control.request("GET", "/console/console.js").text
            #expect(!script.contains("innerHTML") && !script.contains("eval("))
        }
    }
}
