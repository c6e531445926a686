import TestSupport
import Testing

/// Sets the stage, plays `body`, and strikes the set. Whatever was played, in the end no fill may be left under way.
func scenario(
    _ kind: Stage.Kind = .bucket,
    loops: Int = 1,
    memoryMiB: Int = 64,
    disk: TemporaryFolder? = nil,
    lease: Stage.Lease = .endless,
    compress: Bool = true,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (Stage) async throws -> Void
) async throws {
    let setting = Stage.Setting(
        kind: kind,
        loops: loops,
        memoryMiB: memoryMiB,
        disk: disk?.path,
        lease: lease,
        compress: compress
    )
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
