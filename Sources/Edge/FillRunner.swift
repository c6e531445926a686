import CacheStore
import CachingRules
import ContentCoding
import HTTPClient
import HTTPWire
import Logging
import NIOCore
import Origins
import Synchronization
import Telemetry

/// Makes a fill's answer: looks on disk, asks the origin, decides what may be stored and shared. Loop-confined to the
/// loop of the request that made the fill.
final class FillRunner: OriginDelegate {
    let fill: Fill
    let context: EdgeContext
    let task: FillTask
    let loop: any EventLoop
    /// A stored variant that may be the condition of the request and the answer if the origin fails.
    var previous: Resource?
    /// Instead of an error that the origin answers with.
    var mayServeStale = false
    /// When the origin does not answer at all.
    var mayServeStaleAlone = false

    var exchange: (any OriginExchange)?
    var phase = Phase.starting
    var reason: ForwardReason
    var requestTime: Int64 = 0
    private var asked = NIODeadline.now()
    /// Names the body that is asked for; taken before the request is sent, so that later requests have later bodies.
    var generation: UInt64 = 0
    /// The part that is asked for, in whole blocks; nil: the whole.
    var askedRange: OriginRange?
    /// Before the answer it is asked for its head alone, which tells whether a part of it can be asked for.
    var probe = Probe.notNeeded
    private var received: UInt64 = 0
    /// What a body that is retained is made with.
    private var reserved: Reservation?
    private var isPaused = false
    /// Runs while the slowest reader of a window stops it.
    private var stallTimer: Scheduled<Void>?
    /// Where a body goes that passes through and is too large for memory; nil: nowhere.
    private var diskFill: DiskFill?

    enum Phase {
        case starting
        case asking
        /// The body will be stored.
        case retaining(PendingEntry)
        /// The body passes through.
        case passing
        /// The fill is over, and what still comes is for a run of blocks.
        case handedOver(BlockRunner)
        case ended
    }

    init(_ fill: Fill, context: EdgeContext, task: FillTask, on loop: any EventLoop) {
        self.fill = fill
        self.context = context
        self.task = task
        self.previous = task.previous
        reason = task.reason
        self.loop = loop
        fill.attach(self, on: loop)
    }

    /// Runs `action` on the runner's loop: now if that is the caller's.
    static func onLoop(_ runner: NIOLoopBound<FillRunner>, _ action: @escaping @Sendable (FillRunner) -> Void) {
        if runner.eventLoop.inEventLoop {
            action(runner.value)
        } else {
            runner.eventLoop.execute { action(runner.value) }
        }
    }

    /// - Parameter predecessor: waits until this one has an answer.
    func start(after predecessor: Fill? = nil) {
        context.counters.add(.fillsStarted)
        context.fillsUnderWay.add(1, ordering: .relaxed)
        guard let predecessor else { return begin() }
        let bound = NIOLoopBound(self, eventLoop: loop)
        predecessor.whenAnswered {
            bound.eventLoop.execute { bound.value.begin() }
        }
    }

    private func begin() {
        if previous == nil, reason == .uriMiss || reason == .varyMiss, context.store.isOnDisk(fill.key.hash) {
            context.store.loadFromDisk(fill.key, on: loop) { self.loaded($0) }
        } else {
            ask()
        }
    }

    private func loaded(_ resource: Resource?) {
        guard case .starting = phase else { return }
        guard let resource else { return ask() }
        guard let selected = resource.selected(by: task.head) else {
            reason = .varyMiss
            return ask()
        }
        switch context.verdict(
            on: selected,
            policy: fill.site.policy(for: fill.key),
            for: task.directives,
            now: UnixClock.seconds()
        ) {
        case .fresh, .stale:
            // A stale one is in memory from now on, and the next request will have it revalidated.
            return complete(resource, .disk)
        case .validate(let why):
            previous = selected
            reason = why
        case .unconfirmed:
            previous = selected
            reason = .stale
        case .dead:
            break
        }
        ask()
    }

    // MARK: Asking

    func ask() {
        phase = .asking
        requestTime = UnixClock.seconds()
        asked = .now()
        generation = context.store.nextGeneration()
        if task.isOnlyIfCached { return fail(.onlyIfCached) }
        fill.willAsk()
        // A purge may have come between the look-up and the fill's mark: no 304 must revive what it killed (rule N3).
        if let known = previous, context.store.epochs.isDead(known.identity, key: known.key) {
            previous = nil
            reason = .uriMiss
        }
        if let previous {
            mayServeStale = mayServe(previous, isDisconnected: false)
            mayServeStaleAlone = mayServe(previous, isDisconnected: true)
        }
        askedRange = rangeToAsk()
        if probe == .notNeeded, wantsProbe { probe = .asking }
        let validators = task.head.method == .head ? nil : previous?.identity.head
        context.counters.add(.originRequests)
        context.reasons.note(reason, fill.key, at: fill.site)
        exchange = fill.site.origin.fetch(
            OriginRequest(
                method: task.head.method == .head || probe == .asking ? .head : .get,
                target: fill.key.target,
                etags: validators?.etag.map { [$0] } ?? [],
                lastModified: validators?.lastModified,
                range: askedRange,
                client: task.head,
                purpose: task.purpose,
                peer: task.peer
            ),
            on: loop,
            delegate: self
        )
    }

    private func mayServe(_ stale: Resource, isDisconnected: Bool) -> Bool {
        context.mayServeStaleOnError(
            stale,
            at: fill.site,
            for: task.directives,
            isDisconnected: isDisconnected,
            now: requestTime
        )
    }

    func originSentInterim(_ head: ResponseHead) {
        fill.inform(head, on: loop)
    }

    func originAnswered(_ answer: OriginAnswer) {
        let now = UnixClock.seconds()
        // Whole seconds that have passed; two readings of the wall clock would round up what is no delay at all.
        requestTime = now - (NIODeadline.now() - asked).nanoseconds / 1_000_000_000
        let status = answer.head.status
        if status >= 500 { context.counters.add(.originErrors) }
        if probe == .asking {
            return probed(answer, now: now)
        }
        if askedRange != nil, status == 206 || status == 416 {
            return answeredPart(answer, now: now)
        }
        if status == 304, task.purpose != .relay {
            return unchanged(answer, now: now)
        }
        if ResponseStatus.isServerFailure(status), let previous {
            context.failedRevalidations.remember(fill.key.hash, now: now)
            if mayServeStale {
                exchange?.cancel()
                return complete(previous, .staleIfError(status: status))
            }
        }
        if answer.hidesBody {
            return pass(refusing: answer)
        }
        let entry = entry(answer.head, length: answer.length, tags: answer.tags, now: now)
        if let why = refusalToStore(entry) ?? (answer.mayBeCut ? .closeDelimited : nil) {
            if task.head.method == .head { learn(from: answer, now: now) } else { supersede(by: status, why) }
            beginPassing(entry, why: why, now: now)
        } else {
            if belongsInBlocks(entry, answer.head) { return beginBlocks(entry) }
            beginRetaining(entry)
        }
    }

    func entry(_ given: ResponseHead, length: UInt64?, tags: [String], now: Int64) -> PendingEntry {
        var head = Self.received(given, at: now)
        fill.site.rules?.strip(&head.fields, at: fill.key)
        return PendingEntry(
            head: head,
            freshness: Freshness.of(
                head,
                requestTime: requestTime,
                responseTime: now,
                policy: fill.site.policy(for: fill.key)
            ),
            length: length,
            tags: tags,
            variant: variant(of: head)
        )
    }

    /// What is kept of a head. Without a Date it gets that of its arrival (RFC 9110, section 6.6.1): later ones would
    /// make it younger than it is.
    static func received(_ given: ResponseHead, at now: Int64) -> ResponseHead {
        var head = given
        head.fields.remove(.acceptRanges)
        if !head.fields.contains(.date) { head.fields.append(.date, HTTPDate.format(now)) }
        return head
    }

    /// What a bucket answers depends on the key alone.
    private func variant(of head: ResponseHead) -> [UInt8] {
        fill.site.isBucket ? [] : VariantRule.variant(of: head.fields, for: task.head.fields)
    }

    /// The origin is told the client's scheme, and may want another: by a redirection, or by refusing what comes in clear.
    private func asksForOtherScheme(_ head: ResponseHead) -> Bool {
        guard !fill.site.isBucket, let peer = task.peer else { return false }
        switch head.status {
        case 300..<400:
            return head.fields[.location]?.lowercased().hasPrefix(peer.isSecure ? "http:" : "https:") ?? false
        case 426: return !peer.isSecure
        default: return false
        }
    }

    /// Why the answer is not kept; nil: it is.
    func refusalToStore(_ entry: PendingEntry, method: Method? = nil) -> NoStoreReason? {
        if task.purpose == .relay { return task.directives?.noStore == true ? .requestNoStore : .requestConditions }
        if asksForOtherScheme(entry.head) { return .schemeRedirect }
        // The client's own word for it says nothing: what the origin was told is the edge's.
        if !fill.site.isBucket, entry.head.fields.hasToken(.vary, "x-forwarded-proto") { return .schemeRedirect }
        let why = StorageRule.mayStore(
            method: method ?? task.head.method,
            requestFields: fill.site.isBucket ? FieldList() : task.head.fields,
            response: entry.head,
            policy: fill.site.policy(for: fill.key)
        )
        guard why == nil, task.purpose == .single else { return why }
        // This one is for its client alone, but the next may ask for everyone.
        context.hitForMiss.forget(fill.key.hash)
        return .clientTold
    }

    func beginRetaining(_ given: PendingEntry) {
        var entry = given
        entry.restrict()
        entry.prepareForms(at: fill.site)
        let isSmallEnough = (entry.length ?? 0) <= UInt64(context.objectLimit)
        guard isSmallEnough, let room = room(for: entry.length) else { return beginLarge(entry) }
        reserved = room
        phase = .retaining(entry)
        fill.begin(entry.fillHead(.origin(reason, status: entry.head.status, nil), isRetained: true))
        abandonedIfEmpty()
    }

    private func room(for length: UInt64?) -> Reservation? {
        guard let length, length > 0 else { return context.store.reserve() }
        return context.store.reserve(Int(length))
    }

    /// Too large for the memory tier, or there is no room: everyone who waits now gets it through the window, and the disk
    /// takes what it admits on the way.
    private func beginLarge(_ entry: PendingEntry) {
        if entry.length != nil {
            diskFill = context.store.beginDiskFill(
                fill.key,
                head: entry.storedHead(bodyLength: entry.length ?? 0),
                generation: generation,
                mark: fill.mark,
                variant: entry.variant
            )
        }
        var why: NotStored?
        if diskFill == nil {
            why = .store((entry.length ?? 0) > UInt64(context.objectLimit) ? .tooLarge : .noRoom)
        }
        if let why {
            context.reasons.note(why, fill.key, at: fill.site)
            let length = entry.length ?? 0
            if length > UInt64(context.objectLimit), !context.store.mayKeepOnDisk(length) {
                context.unkept.remember(fill.key.hash, now: UnixClock.seconds())
            }
        }
        let source = FillSource.origin(reason, status: entry.head.status, why)
        phase = .passing
        fill.beginWindow(entry.fillHead(source, isRetained: false), exclusive: false)
        context.fills.remove(fill)
        abandonedIfEmpty()
    }

    private func beginPassing(_ entry: PendingEntry, why: NoStoreReason, now: Int64) {
        phase = .passing
        // What a bucket answers depends on the key alone, so that all who wait may have it.
        let isExclusive = !fill.site.isBucket && why != .closeDelimited
        if isExclusive, !why.isRequestsOwn { context.hitForMiss.remember(fill.key.hash, now: now) }
        context.reasons.note(.rule(why), fill.key, at: fill.site)
        let source = FillSource.origin(reason, status: entry.head.status, .rule(why))
        fill.beginWindow(entry.fillHead(source, isRetained: false), exclusive: isExclusive)
        context.fills.remove(fill)
        abandonedIfEmpty()
    }

    /// A bucket's error: everyone who waits gets the edge's own words for it.
    private func pass(refusing answer: OriginAnswer) {
        exchange?.cancel()
        let failure = FillFailure.bucket(answer.head.status, reason)
        context.reasons.failures.add(failure.detail)
        let negativeTTL = fill.site.freshness.negativeTTL
        if let lifetime = NegativeEntry.lifetime(of: answer.head.status, negativeTTL: negativeTTL) {
            return keep(failure, for: lifetime, answer)
        }
        // What is gone must not come back when the bucket fails later.
        if previous != nil, answer.head.status < 500 { context.store.remove(fill.key) }
        // Nothing broke: it is the bucket's whole answer.
        context.counters.add(.fillsCompleted)
        finish { fill in fill.fail(failure) }
    }

    /// Rules N1 to N3 hold as for any entry: it has the mark of this fill, takes the place of what was asked for earlier, and
    /// is not a condition later, since it has no validator.
    private func keep(_ failure: FillFailure, for lifetime: Int64, _ answer: OriginAnswer) {
        let form = NegativeEntry.representation(
            of: failure,
            date: answer.head.fields[.date],
            freshness: Freshness(lifetime: lifetime, correctedInitialAge: 0, responseTime: UnixClock.seconds()),
            generation: generation,
            mark: fill.mark
        )
        let outcome = context.store.insert(form, key: fill.key, memoryOnly: true)
        let why = outcome.notStored
        if let why { context.reasons.note(why, fill.key, at: fill.site) } else { context.counters.add(.stores) }
        complete(
            outcome.resource ?? Resource(key: fill.key, identity: form),
            .origin(reason, status: answer.head.status, why)
        )
    }

    // MARK: The body

    func originSent(_ body: ByteBuffer) {
        if case .handedOver(let runner) = phase { return runner.originSent(body) }
        received += UInt64(body.readableBytes)
        context.counters.add(.originBytes, UInt64(body.readableBytes))
        switch phase {
        case .retaining(let entry):
            guard let reserved else { return }
            if entry.length == nil {
                let isSmallEnough = received <= UInt64(context.objectLimit)
                guard isSmallEnough, reserved.grow(by: body.readableBytes) else {
                    giveUpRetaining(isSmallEnough ? .noRoom : .tooLarge)
                    if case .passing = phase { append(body) }
                    return
                }
            }
            for piece in reserved.append(body) { _ = fill.append(piece) }
            // Of a length that is known, ever less is missing.
            if entry.length == nil, received >= Limits.abandonedBytes { abandonedIfEmpty() }
        case .passing:
            append(body)
        case .starting, .asking, .handedOver, .ended:
            break
        }
    }

    private func append(_ body: ByteBuffer) {
        if let diskFill, !diskFill.append(body) {
            self.diskFill = nil
            abandonedIfEmpty()
        }
        if !fill.append(body), !isPaused {
            isPaused = true
            exchange?.pauseReading()
            watchSlowest()
        }
    }

    /// There is no room for a body whose length nobody had said.
    private func giveUpRetaining(_ why: InsertOutcome.Refusal) {
        releaseReservation()
        context.reasons.note(.store(why), fill.key, at: fill.site)
        phase = .passing
        fill.becomeWindow()
        context.fills.remove(fill)
        abandonedIfEmpty()
    }

    func originFinished() {
        switch phase {
        case .retaining(let entry):
            if let length = entry.length, length != received {
                return originFailed(
                    OriginFailure(
                        status: 502,
                        detail: "origin-truncated",
                        message: "\(received) of \(length) bytes came"
                    )
                )
            }
            store(entry)
        case .passing:
            diskFill?.finish()
            context.counters.add(.fillsCompleted)
            finish { fill in fill.end() }
        case .handedOver(let runner):
            runner.originFinished()
        case .starting, .asking, .ended:
            break
        }
    }

    private func store(_ entry: PendingEntry) {
        let representation = Representation(
            generation: generation,
            mark: fill.mark,
            variant: entry.variant,
            head: entry.storedHead(bodyLength: received),
            body: reserved?.body() ?? StoredBody(pieces: fill.pieces)
        )
        let outcome = context.store.insert(representation, key: fill.key, reserved: reserved)
        reserved = nil
        let why = outcome.notStored
        if let why { context.reasons.note(why, fill.key, at: fill.site) } else { context.counters.add(.stores) }
        complete(
            outcome.resource ?? Resource(key: fill.key, identity: representation),
            .origin(reason, status: entry.head.status, why)
        )
    }

    func originFailed(_ failure: OriginFailure) {
        if case .handedOver(let runner) = phase { return runner.originFailed(failure) }
        context.counters.add(.originErrors)
        context.logger.warning(
            "origin failed",
            metadata: [
                "site": "\(fill.site.name)", "path": "\(fill.key.pathText)",
                "detail": "\(failure.detail)", "message": "\(failure.message)",
            ]
        )
        if case .asking = phase, let previous {
            context.failedRevalidations.remember(fill.key.hash, now: UnixClock.seconds())
            if mayServeStaleAlone { return complete(previous, .staleIfError(status: nil)) }
        }
        fail(
            FillFailure(
                status: failure.status,
                detail: failure.detail,
                text: "The origin did not answer.",
                reason: reason
            )
        )
    }

    // MARK: The end

    func complete(_ resource: Resource, _ source: FillSource, exclusive: Bool = false) {
        context.counters.add(.fillsCompleted)
        finish { fill in fill.complete(resource, source, exclusive: exclusive) }
    }

    func fail(_ failure: FillFailure, exclusive: Bool = false) {
        context.counters.add(.fillsBroken)
        context.reasons.failures.add(failure.detail)
        finish { fill in fill.fail(failure, exclusive: exclusive) }
    }

    /// Out of the table first, so that nobody joins what is over; then the readers are told.
    func finish(_ tell: (Fill) -> Void) {
        phase = .ended
        stallTimer?.cancel()
        stallTimer = nil
        context.fillsUnderWay.subtract(1, ordering: .relaxed)
        releaseReservation()
        exchange = nil
        previous = nil
        // Aborts it, unless it was finished.
        diskFill = nil
        context.fills.remove(fill)
        fill.detachRunner()
        tell(fill)
    }

    private func releaseReservation() {
        reserved?.end()
        reserved = nil
    }

    /// Readers have caught up.
    func resume() {
        guard isPaused else { return }
        isPaused = false
        stallTimer?.cancel()
        stallTimer = nil
        exchange?.resumeReading()
    }

    /// A window goes at the pace of its slowest reader; one that takes nothing must not stop the others for good.
    private func watchSlowest() {
        guard let piece = fill.heldBack else { return }
        let context = context
        stallTimer = loop.assumeIsolated().scheduleTask(in: context.windowStall) {
            guard self.isPaused, case .passing = self.phase else { return }
            self.fill.dropReaders(at: piece) { count in
                for _ in 0..<count { context.reasons.failures.add(FillFailure.clientStalled) }
            }
            self.watchSlowest()
        }
    }

    private func abandonedIfEmpty() {
        if !fill.hasReaders { abandoned() }
    }

    /// Nobody waits any more. What nobody keeps either need not come; what would be stored may be worth its rest.
    func abandoned() {
        switch phase {
        case .starting, .asking, .ended, .handedOver:
            // Without a head nothing can be said yet, and a run of blocks has readers of its own.
            return
        case .retaining(let entry):
            if task.isBackground || fill.hasServedPart
                || LeavingRule.isFinished(received: received, length: entry.length)
            {
                return
            }
        case .passing:
            if let diskFill,
                task.isBackground || LeavingRule.isFinished(received: received, length: diskFill.length)
            {
                return
            }
        }
        guard fill.closeIfAbandoned() else { return }
        exchange?.cancel()
        // After an answer to HEAD there is nothing more to want.
        context.counters.add(task.head.method == .head ? .fillsCompleted : .fillsAbandoned)
        finish { _ in }
    }
}
