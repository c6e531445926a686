import CacheStore
import CachingRules
import HTTPServer
import HTTPWire
import NIOCore
import Telemetry

/// Answering with parts of an entry, and the preconditions that only an origin judges.
extension EdgeResponder {
    /// Answers a request that has a Range or a precondition, if its answer is neither the whole form nor the usual 304.
    /// False: nothing has been sent.
    ///
    /// In the order of RFC 9110, section 13.2.2.
    func answerSpecially(
        _ head: borrowing RequestHead,
        with resource: Resource,
        at site: Site,
        now: Int64,
        as provenance: Provenance,
        on exchange: any ServerExchange
    ) -> Bool {
        // Conditions and ranges are about a 200.
        guard resource.identity.head.status == 200 else { return false }
        if site.isBucket, failsPrecondition(head, resource) {
            writeFields(resource, now: now, as: provenance)
            sendPreconditionFailed(isHead: head.method == .head, on: exchange)
            return true
        }
        guard head.method == .get, head.fields.contains(.range), !isAmbiguous(head, resource.identity.head) else {
            return false
        }
        let form = formToCut(resource, for: head)
        let plan = RangePlan.of(head.fields, method: .get, head: form.head, length: form.body.length)
        guard plan != .whole else { return false }
        writeFields(resource, now: now, as: provenance)
        if let unchanged = notModified(form, of: resource, for: head) {
            sendNotModified(unchanged, on: exchange)
        } else {
            switch plan {
            case .single(let range):
                let answer = RangeAnswer(range, of: form.head, total: form.body.length)
                send(answer, form, of: resource, for: head, at: site, provenance, on: exchange)
            case .multiple(let ranges):
                let answer = RangeAnswer(ranges, of: form.head, total: form.body.length)
                send(answer, form, of: resource, for: head, at: site, provenance, on: exchange)
            case .unsatisfiable, .whole:
                sendUnsatisfiable(form.head, total: form.body.length, on: exchange)
            }
        }
        return true
    }

    /// The form that a range is a part of: the one that If-Range names, else the one that the client likes best of those
    /// that are there. None is made for it: the client would wait for the whole to get a part.
    private func formToCut(_ resource: Resource, for head: borrowing RequestHead) -> Representation {
        if let range = head.fields.range(of: .ifRange), let tag = EntityTag(head.fields.bytes.span, range) {
            for form in resource.representations where form.generation == resource.identity.generation {
                if let own = form.head.etag, EntityTag.strongEqual(own, tag) { return form }
            }
        }
        guard resource.identity.head.variesByEncoding, let coding = preferredCoding(head), coding != .identity else {
            return resource.identity
        }
        return resource.representation(for: coding) ?? resource.identity
    }

    /// All coded forms of a body have its date. To a client that takes more than one of them, a date does not say of which
    /// it has the beginning: it is no strong validator then (RFC 9110, section 8.8.2.2).
    func isAmbiguous(_ head: borrowing RequestHead, _ stored: StoredHead) -> Bool {
        guard stored.variesByEncoding, let range = head.fields.range(of: .ifRange),
            EntityTag(head.fields.bytes.span, range) == nil
        else { return false }
        return preferredCoding(head) != .identity
    }

    private func send(
        _ answer: RangeAnswer,
        _ form: Representation,
        of resource: Resource,
        for head: borrowing RequestHead,
        at site: Site,
        _ provenance: Provenance,
        on exchange: any ServerExchange
    ) {
        count(status: 206)
        switch form.body.location {
        case .memory(let pieces):
            if MemorySender.isNeeded(for: form.body, pieces, in: context.store) {
                return MemorySender(
                    form,
                    of: resource.key,
                    parts: answer.parts,
                    exchange: exchange,
                    responder: self
                ).start(head: answer.head, extra: fields.buffer, length: answer.length)
            }
            count(sent: Int(answer.length), fromCache: true)
            exchange.respond(
                head: answer.head,
                extra: fields.buffer,
                body: answer.parts.buffers(from: pieces),
                sendBody: true
            )
        case .disk(let body):
            DiskSender(body, exchange: exchange, responder: self)
                .start(head: answer.head, extra: fields.buffer, parts: answer.parts, length: answer.length)
        case .blocks:
            sendBlocks(form, of: resource, for: head, at: site, provenance, part: answer, on: exchange)
        }
    }

    // MARK: Also of what is still coming

    /// The caller has written the fields.
    func sendUnsatisfiable(_ stored: StoredHead, total: UInt64, on exchange: any ServerExchange) {
        count(status: 416)
        let head = RangeAnswer.unsatisfiable(stored, total: total)
        exchange.respond(head: head, extra: fields.buffer, body: [], sendBody: false)
    }

    /// The caller has written the fields.
    func sendPreconditionFailed(isHead: Bool, on exchange: any ServerExchange) {
        count(status: 412)
        let (head, body) = Refusal.preconditionFailed.serialised()
        exchange.respond(head: head, extra: fields.buffer, body: [body], sendBody: !isHead)
    }

    /// RFC 9110, sections 13.1.1 and 13.1.4, for a bucket, whose origin the edge is to its clients. A tag may be that of
    /// any form.
    private func failsPrecondition(_ head: borrowing RequestHead, _ resource: Resource) -> Bool {
        guard Self.hasOriginPrecondition(head.fields) else { return false }
        for form in resource.representations where form.generation == resource.identity.generation {
            if !failsPrecondition(head, form.head) { return false }
        }
        return true
    }

    /// The same for one form.
    func failsPrecondition(_ head: borrowing RequestHead, _ stored: StoredHead) -> Bool {
        guard Self.hasOriginPrecondition(head.fields) else { return false }
        return ConditionalRequest.evaluate(
            request: head.fields,
            method: .get,
            etag: stored.etag,
            lastModified: stored.lastModified,
            asOrigin: true
        ) == .preconditionFailed
    }

    private static func hasOriginPrecondition(_ fields: FieldList) -> Bool {
        fields.contains(.ifMatch) || fields.contains(.ifUnmodifiedSince)
    }
}
