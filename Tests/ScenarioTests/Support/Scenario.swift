import NIOCore
import Settings
import TestSupport
import Testing

/// What a scenario changes in the configuration of its site. A value: a second closure as a parameter would keep the compiler
/// from seeing that the first one throws.
struct SiteChange: Sendable {
    let change: @Sendable (inout SiteSettings) -> Void

    init(_ change: @escaping @Sendable (inout SiteSettings) -> Void) { self.change = change }
}

/// Sets the stage, plays `body`, and strikes the set, with the edge inside the tests' own process, for what has to be
/// seen from within; ``play(_:site:cache:hosts:disk:control:isolation:_:)`` plays against the built program. Whatever was
/// played, in the end no fill may be left under way.
func scenario(
    _ kind: Stage.Kind = .bucket,
    loops: Int = 1,
    memoryMiB: Int = 64,
    disk: TemporaryFolder? = nil,
    lease: Stage.Lease = .endless,
    compress: Bool = true,
    windowStall: TimeAmount = .seconds(30),
    site: SiteChange = SiteChange { _ in },
    isolation: isolated (any Actor)? = #isolation,
    _ body: (Stage) async throws -> Void
) async throws {
    var setting = Stage.Setting(
        kind: kind,
        loops: loops,
        memoryMiB: memoryMiB,
        disk: disk?.path,
        lease: lease,
        compress: compress
    )
    setting.site = site.change
    setting.windowStall = windowStall
    let stage = try await Stage.set(setting)
    do {
        try await body(stage)
    } catch {
        await stage.strike()
        throw error
    }
    await stage.origin.stop()
    do {
        try await eventually("the end of every fill") { stage.fillsUnderWay == 0 }
    } catch {
        await stage.strike()
        throw error
    }
    await stage.strike()
}
