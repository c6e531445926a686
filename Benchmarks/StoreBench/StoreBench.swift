import ArgumentParser

/// Loads on the store alone, for profilers and for scripts/bench. Not part of the product.
@main
struct StoreBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store-bench",
        abstract: "Loads on the cache store alone, without a network.",
        subcommands: [ChurnCommand.self, HitsCommand.self]
    )
}
