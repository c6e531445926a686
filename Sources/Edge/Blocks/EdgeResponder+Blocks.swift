import CacheStore
import CachingRules
import HTTPServer
import HTTPWire
import NIOCore

/// Answering from an object in blocks.
extension EdgeResponder {
    /// Sends the form's body, or a `part` of it. The fields of the answer have been written as for any entry.
    func sendBlocks(
        _ form: Representation,
        of resource: Resource,
        for head: borrowing RequestHead,
        at site: Site,
        _ provenance: Provenance,
        part: RangeAnswer? = nil,
        on exchange: any ServerExchange
    ) {
        guard
            let object = BlockObject(
                form,
                key: resource.key,
                site: site,
                client: copy head,
                isSecure: exchange.isSecure
            )
        else {
            // Its parts cannot be told from those of another version: it is fetched anew the next time.
            context.store.remove(resource.key)
            return exchange.abort()
        }
        guard head.method == .get else {
            return exchange.respond(head: form.head.http1, extra: fields.buffer, body: [], sendBody: false)
        }
        let parts = part?.parts ?? [.slice(0..<object.length)]
        if provenance.isFromStore, !parts.allSatisfy({ context.holds($0, of: object) }) {
            if context.directives(of: object.client, at: site)?.onlyIfCached ?? false {
                return refuse(exchange, .onlyIfCached, isHead: false)
            }
            writePartial(resource)
        }
        let answer = BlockReader.Head(
            head: part?.head ?? form.head.http1,
            extra: fields.buffer,
            length: part?.length ?? object.length
        )
        BlockReader(object, parts: parts, head: answer, exchange: exchange, responder: self).start()
    }

    /// Some of it is stored, and the origin is asked for the rest.
    private func writePartial(_ resource: Resource) {
        let freshness = resource.identity.head.freshness
        let age = freshness.age(now: UnixClock.seconds())
        fields.writeForward(
            .partial,
            status: nil,
            stored: true,
            collapsed: false,
            age: age,
            ttl: freshness.lifetime - age
        )
    }
}

extension EdgeResponder.Provenance {
    /// The origin has not been asked.
    var isFromStore: Bool {
        switch self {
        case .hit, .stale, .filled(.disk, _): true
        case .filled: false
        }
    }
}
