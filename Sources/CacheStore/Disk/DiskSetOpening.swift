import Logging

/// Opens the folders of a store, one after the other. A value, used once.
///
/// The order matters: what a disk has missed is deleted, and that is on the disk, before any session names it as a member;
/// and the new session is on all disks before the first request. So a start that is cut short anywhere is repeated
/// without loss by the next one: see ``DiskSetPlan``.
struct DiskSetOpening {
    /// A folder that is opened. A value.
    fileprivate struct Opened {
        var configuration: DiskConfiguration
        var folder: DiskFolder
        var found: DiskSetPlan.Found
        var volume: DiskVolume?
        var identity: UInt64 = 0
        var tier: DiskTier?
    }

    let hasher: SipHash
    private(set) var tiers: [DiskTier] = []
    private(set) var lost: [DiskStatistics] = []
    private(set) var placement = DiskPlacement([])
    private(set) var sessions = DiskSessions(DiskSession(identity: 0, number: 0, id: 0, history: [], members: []))
    private let io: any DiskIO
    private let logger: Logger
    private var opened: [Opened] = []
    private var absent: [DiskSession.Member] = []

    init(
        _ configurations: [DiskConfiguration],
        memory: MemoryTier,
        epochs: PurgeEpochs,
        io: any DiskIO,
        logger: Logger
    ) throws(CacheStoreError) {
        self.io = io
        self.logger = logger
        for configuration in configurations where configuration.bytes < StoreLimits.smallestDisk {
            throw .diskTooSmall(
                path: configuration.path,
                bytes: configuration.bytes,
                smallest: StoreLimits.smallestDisk
            )
        }
        hasher = Self.commonKey(configurations.compactMap { DiskFolder.storedKey(DiskFolder.plain($0.path), io) })
        guard !configurations.isEmpty else { return }
        try openFolders(configurations)
        warnOfSizes()
        let plan = DiskSetPlan(opened.map(\.found))
        apply(plan)
        let newest = restorePurges(epochs)
        recover(plan, memory, epochs, newest)
        writeSessions(plan)
        tiers = opened.compactMap(\.tier)
        placement = DiskPlacement(opened.map(\.member.placed))
        for disk in lost {
            logger.error(
                "a disk of the cache cannot be used; the edge goes on without it",
                metadata: ["path": "\(disk.path)", "reason": "\(disk.problem ?? "")"]
            )
        }
    }

    /// The key that most folders have; of those that are as many, the first one's.
    static func commonKey(_ keys: [SipHash]) -> SipHash {
        var best: (key: SipHash, count: Int)?
        for key in keys {
            let count = keys.count { $0 == key }
            if count > best?.count ?? 0 { best = (key, count) }
        }
        return best?.key ?? .random()
    }

    private mutating func lose(_ configuration: DiskConfiguration, _ reason: String) {
        let path = DiskFolder.plain(configuration.path)
        var statistics = DiskStatistics(path: path, limitBytes: configuration.bytes)
        statistics.problem = reason
        lost.append(statistics)
    }

    private mutating func openFolders(_ configurations: [DiskConfiguration]) throws(CacheStoreError) {
        let known = configurations.flatMap { rememberedMembers($0) }
        for configuration in configurations {
            let path = DiskFolder.plain(configuration.path)
            if let member = known.first(where: { $0.path == path && $0.isMounted }), isUnmounted(path) {
                lose(configuration, "it is not mounted: it was on a file system of its own, and is on the root's now")
                absent.append(member)
                continue
            }
            do throws(CacheStoreError) {
                let folder = try DiskFolder(path: path, io: io, logger: logger, key: hasher)
                let found: DiskSetPlan.Found
                do throws(DiskError) {
                    found = try folder.session()
                } catch {
                    throw CacheStoreError.folderUnusable(path: path, reason: error.description)
                }
                let volume = try? io.volume(of: path)
                opened.append(Opened(configuration: configuration, folder: folder, found: found, volume: volume))
            } catch {
                guard case .folderUnusable(_, let reason) = error else { throw error }
                lose(configuration, reason)
                if let member = known.first(where: { $0.path == path }) { absent.append(member) }
            }
        }
    }

    /// What a folder says of the disks that there were: read before anything is locked, and used only to recognise one
    /// that is not mounted.
    private func rememberedMembers(_ configuration: DiskConfiguration) -> [DiskSession.Member] {
        let path = DiskFolder.plain(configuration.path)
        guard DiskFolder.storedKey(path, io) == hasher,
            let bytes = try? io.readFile(path + "/" + DiskSession.name, limit: DiskSession.limit),
            case .session(let session) = DiskSession.decode(bytes)
        else { return [] }
        return session.members
    }

    /// Whether the folder lies, or would lie, on the root file system.
    private func isUnmounted(_ path: String) -> Bool {
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        guard let root = try? io.volume(of: "/") else { return false }
        guard let volume = (try? io.volume(of: path)) ?? (try? io.volume(of: parent.isEmpty ? "/" : parent)) else {
            return false
        }
        return volume.device == root.device
    }

    private func warnOfSizes() {
        for one in opened {
            guard let volume = one.volume else { continue }
            let onIt = opened.filter { $0.volume?.device == volume.device }
            let sum = onIt.reduce(0) { $0 + $1.configuration.bytes }
            guard sum > volume.bytes, onIt.first?.folder === one.folder else { continue }
            logger.warning(
                "the disk cache may take more than its file system holds",
                metadata: [
                    "paths": "\(onIt.map(\.folder.path))", "bytes": "\(sum)", "file_system_bytes": "\(volume.bytes)",
                ]
            )
        }
    }

    /// Empties those that have missed something.
    private mutating func apply(_ plan: DiskSetPlan) {
        var left: [Opened] = []
        for (one, verdict) in zip(opened, plan.verdicts) {
            var one = one
            one.identity = verdict.identity
            if let reason = verdict.emptied {
                do throws(DiskError) {
                    let segments = try one.folder.empty()
                    if segments > 0 {
                        logger.warning(
                            "a disk of the cache starts empty",
                            metadata: [
                                "path": "\(one.folder.path)", "reason": "\(reason)", "segments": "\(segments)",
                            ]
                        )
                    }
                } catch {
                    lose(one.configuration, "it must start empty, and cannot be emptied: \(error)")
                    continue
                }
            }
            left.append(one)
        }
        opened = left
    }

    /// The newest of the disks' purge states becomes the store's; returns whose it was.
    private func restorePurges(_ epochs: PurgeEpochs) -> DiskFolder? {
        var newest: (state: PurgeEpochs.State, stamp: PurgeStateFile.Stamp, folder: DiskFolder)?
        for one in opened {
            guard let (state, stamp) = one.folder.purgeState() else { continue }
            if let newest {
                let isNewer =
                    (stamp.session, stamp.change, state.mark.number)
                    > (newest.stamp.session, newest.stamp.change, newest.state.mark.number)
                guard isNewer else { continue }
            }
            newest = (state, stamp, one.folder)
        }
        if let newest { epochs.restore(newest.state) }
        return newest?.folder
    }

    private mutating func recover(
        _ plan: DiskSetPlan,
        _ memory: MemoryTier,
        _ epochs: PurgeEpochs,
        _ newest: DiskFolder?
    ) {
        let placement = DiskPlacement(opened.map(\.member.placed))
        var left: [Opened] = []
        for one in opened {
            var one = one
            let identity = one.identity
            let wasMember = plan.previous.members.contains { $0.identity == identity }
            // What belonged to another disk before has been replaced there, also where its record could not be killed here.
            let isAtHome = { (hash: UInt128) in
                placement.isHome(hash, of: identity) && (!wasMember || plan.previous.isHome(hash, of: identity))
            }
            let isAlone = placement.members.count == 1 && plan.previous.members.count <= 1
            do throws(DiskError) {
                one.tier = try DiskTier(
                    one.configuration,
                    memory: memory,
                    epochs: epochs,
                    folder: one.folder,
                    place: DiskTier.Place(
                        identity: identity,
                        session: plan.number,
                        hasStalePurges: newest != nil && newest !== one.folder,
                        isAtHome: isAlone ? nil : isAtHome
                    ),
                    share: opened.count
                )
                left.append(one)
            } catch {
                lose(one.configuration, error.description)
            }
        }
        opened = left
    }

    /// Writes the new session into every disk. One that does not take it is left out, and the others are told anew.
    private mutating func writeSessions(_ plan: DiskSetPlan) {
        var history = plan.history
        while !opened.isEmpty {
            let session = DiskSession(
                identity: 0,
                number: plan.number,
                id: .random(in: 1 ... .max),
                history: Array(history.prefix(StoreLimits.sessionsRemembered)),
                members: opened.map(\.member) + absent.map(\.whenAbsent)
            )
            var left: [Opened] = []
            for one in opened {
                var own = session
                own.identity = one.identity
                do throws(DiskError) {
                    try one.folder.write(own)
                    left.append(one)
                } catch {
                    lose(one.configuration, error.description)
                }
            }
            let isDone = left.count == opened.count
            opened = left
            sessions = DiskSessions(session)
            if isDone { return }
            history.insert(session.id, at: 0)
        }
    }
}

extension DiskSetOpening.Opened {
    var member: DiskSession.Member {
        let root = (try? folder.io.volume(of: "/"))?.device
        return DiskSession.Member(
            identity: identity,
            bytes: UInt64(clamping: configuration.bytes),
            path: folder.path,
            isMounted: volume != nil && volume?.device != root
        )
    }
}

extension DiskSession.Member {
    fileprivate var whenAbsent: DiskSession.Member {
        var member = self
        member.isAbsent = true
        return member
    }
}
