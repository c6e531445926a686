import ArgumentParser
import ControlPlane
import Glibc

/// `apus edges`
struct EdgesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edges",
        abstract: "Show the edges that control knows, or take one out of the registry.",
        discussion: """
            Examples:
              apus edges
              apus edges --json
              apus edges remove edge-3
            """,
        subcommands: [List.self, Remove.self],
        defaultSubcommand: List.self
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "A line for each edge.")

        @Flag(help: "Print the registry as JSON.")
        var json = false
        @OptionGroup var options: ControlOptions

        func run() async throws {
            let list = try await options.withClient { try await $0.edges() }
            if json { return Terminal.output.write(try JSONText.of(list)) }
            guard !list.edges.isEmpty else { return Terminal.output.write("no edge is registered\n") }
            var table = TextTable(["EDGE", "STATE", "PURGE", "SEEN", "VERSION", "ADDRESSES"])
            for edge in list.edges {
                let behind = list.number > edge.applied ? " (\(list.number - edge.applied) behind)" : ""
                table.add([
                    edge.id, edge.state, "\(edge.applied)\(behind)", Self.ago(edge.lastSeen), edge.version,
                    edge.addresses.joined(separator: " "),
                ])
            }
            Terminal.output.write(table.render())
        }

        private static func ago(_ milliseconds: Int64) -> String {
            let seconds = max(0, Int64(time(nil)) - milliseconds / 1000)
            switch seconds {
            case ..<2: return "now"
            case ..<120: return "\(seconds) s ago"
            case ..<7200: return "\(seconds / 60) min ago"
            default: return "\(seconds / 3600) h ago"
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take an edge that is gone for good out of the registry, so that no purge waits for it."
        )

        @Argument(help: "The edge's id.")
        var id: String
        @OptionGroup var options: ControlOptions

        func run() async throws {
            try await options.withClient { try await $0.removeEdge(id) }
            Terminal.output.write("\(id) is removed\n")
        }
    }
}
