import ArgumentParser
import ControlPlane
import NIOConcurrencyHelpers
import Settings

/// `apus purge`
struct PurgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge",
        abstract: "Make every edge forget, and return when every edge has.",
        usage: "apus purge [URL]... [--prefix URL] [--site HOST] [--all] [OPTIONS]",
        discussion: """
            A URL names a site by its host; scheme and port are ignored. Without '?' it covers every query of its path.
            When the command has ended with 0, no request that begins on any edge gets older bytes.

            Examples:
              apus purge https://www.example.com/app.css
              apus purge --prefix https://www.example.com/assets/
              apus purge --site www.example.com
              apus purge --all --json
            """
    )

    @Argument(help: "URLs to purge.")
    var urls: [String] = []
    @Option(help: "Everything whose URL begins so; may be repeated. A final '*' may be written.")
    var prefix: [String] = []
    @Option(help: "Everything that carries this tag; may be repeated. With --site, of that site alone.")
    var tag: [String] = []
    @Option(help: "Everything of the site that this host belongs to.")
    var site: String?
    @Flag(help: "Everything.")
    var all = false
    @Flag(help: "Stale answers stay allowed while each is revalidated once.")
    var soft = false
    @Option(help: "Whom to wait for: all, quorum (more than half) or none.")
    var wait = WaitMode.all
    @Option(help: "How long to wait, such as 30s or 2m.")
    var timeout = "30s"
    @Flag(help: "Print the result as JSON.")
    var json = false
    @OptionGroup var options: ControlOptions

    enum WaitMode: String, ExpressibleByArgument, CaseIterable {
        case all, quorum, none

        var mode: PurgeWaitMode {
            switch self {
            case .all: .all
            case .quorum: .quorum
            case .none: .none
            }
        }
    }

    func scopes() throws -> [PurgeScope] {
        do {
            var scopes = try urls.map { try PurgeScope(url: $0) }
            scopes += try prefix.map { try PurgeScope(prefix: $0.hasSuffix("*") ? String($0.dropLast()) : $0) }
            scopes += try tag.map { try PurgeScope(tag: $0, site: site) }
            if let site, tag.isEmpty { scopes.append(try PurgeScope(site: site)) }
            if all { scopes.append(.all) }
            return scopes
        } catch let error as PurgeScopeError {
            throw ValidationError(error.description)
        }
    }

    func run() async throws {
        let scopes = try scopes()
        guard !scopes.isEmpty else {
            throw ValidationError("nothing to purge: give URLs, --prefix, --tag, --site or --all")
        }
        let timeout: TimeSpan
        do { timeout = try TimeSpan.parse(self.timeout) } catch {
            throw ValidationError("--timeout is '\(self.timeout)', expected \(error.expected)")
        }
        let report = try await options.withClient { client in
            let accepted = try await client.purge(scopes, soft: soft)
            let printer = PurgePrinter(isSilent: json)
            return try await client.wait(
                for: accepted,
                mode: wait.mode,
                timeout: timeout.duration
            ) { printer.show($0) }
        }
        let isDone = report.outcome != .timedOut
        if json {
            Terminal.output.write(try JSONText.of(Result(report)))
        } else {
            for edge in report.pending {
                Terminal.output.write(PurgePrinter.line(edge.id, "not confirmed", nil, .bad))
            }
            let sentence = soft && isDone ? report.sentence + " Stale allowed until revalidated." : report.sentence
            if isDone { Terminal.output.write(sentence + "\n") } else { Terminal.error.write("apus: \(sentence)\n") }
        }
        if !isDone { throw CommandExit.failed }
    }

    /// What `--json` prints.
    private struct Result: Encodable {
        struct Edge: Encodable {
            var id: String
            var state: String
            var milliseconds: Double?
        }

        var number: UInt64
        var log: String
        var outcome: String
        var soft: Bool
        var edges: [Edge]

        init(_ report: PurgeReport) {
            number = report.status.number
            log = report.status.log
            outcome = report.outcome.rawValue
            soft = report.status.soft
            edges = (report.status.edges ?? []).map {
                Edge(id: $0.id, state: $0.state.rawValue, milliseconds: $0.milliseconds)
            }
        }
    }
}

/// Prints a line for each edge as soon as it is settled. Lock inside.
private final class PurgePrinter: Sendable {
    private let shown = NIOLockedValueBox<Set<String>>([])
    private let isSilent: Bool

    init(isSilent: Bool) {
        self.isSilent = isSilent
    }

    func show(_ status: ControlAPI.PurgeStatus) {
        guard !isSilent else { return }
        let edges = status.edges ?? []
        let alive = Set(edges.filter { $0.state == .pending || $0.state == .confirmed }.map(\.id))
        for edge in edges where edge.state != .pending {
            // An earlier process of an edge that runs again is of no interest to a person.
            if edge.state != .confirmed, alive.contains(edge.id) { continue }
            guard shown.withLockedValue({ $0.insert(edge.id + " " + edge.instance).inserted }) else { continue }
            let style: Terminal.Style = edge.state == .confirmed ? .good : .dim
            Terminal.output.write(Self.line(edge.id, Self.words(edge.state), edge.milliseconds, style))
        }
    }

    static func line(_ edge: String, _ state: String, _ milliseconds: Double?, _ style: Terminal.Style) -> String {
        let name = edge.count > 32 ? edge.prefix(31) + "…" : edge + String(repeating: " ", count: 32 - edge.count)
        let padded = state + String(repeating: " ", count: max(0, 14 - state.count))
        let time = milliseconds.map { "\(($0 * 10).rounded() / 10) ms" } ?? ""
        return "\(name)  \(Terminal.output.styled(padded, style))  \(time)\n"
    }

    private static func words(_ state: ConfirmationState) -> String {
        switch state {
        case .pending: "not confirmed"
        case .confirmed: "confirmed"
        default: state.rawValue
        }
    }
}
