/// Which disks of a store may keep what they have, from what they remember. A value: a function of what was found.
///
/// A disk keeps its records when it has taken part in the last session from the beginning to the end, as everyone who was
/// there says; and then nothing that it has was replaced or invalidated without it. Otherwise it starts empty. In detail:
///
/// - *The same session as the newest found, and nobody says that it had failed*: kept.
/// - *An earlier session, but the newest names it as a member*: kept. The start was cut short (`kill -9`, power) between
///   writing the sessions of two disks, and before the last one is written no request is answered. A disk that has to start
///   empty is emptied, and its folder synced, before that.
/// - *An earlier session, and the newest does not name it*: it was away. Empty.
/// - *A session that is not among the newest one's earlier ones*: both have been used apart from one another, and each has
///   missed what the other one did. All empty. One whose number is lower than the history reaches back counts as away.
/// - *No session*: a new folder, or one from before there were any. Where others have one, what is in it is not
///   trusted. Empty.
/// - *Two folders of one identity*: one is a copy, and nobody knows how old. Both empty, and with new identities.
///
/// What cannot be seen: disks used in turn and never together, and a folder put back from a backup.
struct DiskSetPlan: Sendable, Equatable {
    /// What was found in a folder. A value.
    enum Found: Sendable, Equatable {
        case session(DiskSession)
        /// New, or without the file.
        case nothing
        /// The file is damaged or of another version.
        case unreadable
    }

    /// What is done with a folder. A value.
    struct Verdict: Sendable, Equatable {
        var identity: UInt64
        /// Why it starts empty; nil: it keeps what it has.
        var emptied: String?
    }

    private(set) var verdicts: [Verdict] = []
    /// The number of the new session.
    let number: UInt64
    /// Its earlier ones.
    let history: [UInt64]
    /// How the keys were shared in the last session.
    let previous: DiskPlacement
    /// The members of the last session.
    let previousMembers: [DiskSession.Member]

    init(_ found: [Found]) {
        let sessions = found.compactMap { found in if case .session(let session) = found { session } else { nil } }
        let newest = sessions.max { $0.number < $1.number }
        number = (newest?.number ?? 0) + 1
        previous = newest?.placement ?? DiskPlacement([])
        previousMembers = newest?.members ?? []
        var history: [UInt64] = []
        for id in ([newest].compactMap(\.self) + sessions).flatMap({ [$0.id] + $0.history })
        where !history.contains(id) && history.count < StoreLimits.sessionsRemembered {
            history.append(id)
        }
        self.history = history
        let lineage = newest.map { [$0.id] + $0.history } ?? []
        let isDivided = sessions.contains { session in
            let isTooOld = session.number + UInt64(StoreLimits.sessionsRemembered) <= number
            return !lineage.contains(session.id) && !isTooOld
        }
        let witnesses = sessions.filter { $0.id == newest?.id }
        for found in found {
            guard case .session(let session) = found else {
                var why: String?
                if newest != nil { why = "it has not been one of this store's disks" }
                if found == .unreadable { why = "its session cannot be read" }
                verdicts.append(Verdict(identity: .random(in: 1 ... .max), emptied: why))
                continue
            }
            var verdict = Verdict(identity: session.identity)
            if sessions.filter({ $0.identity == session.identity }).count > 1 {
                verdict.identity = .random(in: 1 ... .max)
                verdict.emptied = "another disk is a copy of it"
            } else if isDivided {
                verdict.emptied = "the disks have been used apart from one another"
            } else if !witnesses.allSatisfy({ $0.hasWhole(session.identity) }) {
                let wasThere = session.id == newest?.id
                verdict.emptied = wasThere ? "it had failed" : "it was away while the edge ran without it"
            }
            verdicts.append(verdict)
        }
    }
}
