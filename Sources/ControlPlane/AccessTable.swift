/// The tokens that control accepts. An immutable snapshot.
struct AccessTable: Sendable {
    private let tokens: [AccessToken]

    init(_ tokens: [AccessToken]) {
        self.tokens = tokens
    }

    /// Who sends this `Authorization` field.
    ///
    /// All tokens are compared, by digests and in constant time: how long it takes says nothing about any of them.
    func grant(authorization: String?) throws(ControlFailure) -> AccessGrant {
        guard let authorization else {
            throw ControlFailure(.unauthorized, "The request has no token; expected \"Authorization: Bearer TOKEN\".")
        }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw ControlFailure(.unauthorized, "The Authorization field is not \"Bearer TOKEN\".")
        }
        let digest = TokenDigest.sha256(String(parts[1].drop { $0 == " " }))
        var found: AccessToken?
        for token in tokens where TokenDigest.areEqual(token.digest, digest) { found = token }
        guard let found else { throw ControlFailure(.unauthorized, "The token is not known to this control.") }
        return AccessGrant(token: found)
    }
}

/// What the sender of a request may do. A value.
struct AccessGrant: Sendable {
    let token: AccessToken

    private func has(_ scope: AccessScope) -> Bool {
        token.scopes.contains(.admin) || token.scopes.contains(scope)
    }

    /// Throws unless the token has one of the scopes.
    func require(_ scopes: AccessScope..., to what: String) throws(ControlFailure) {
        guard scopes.contains(where: has) else {
            throw ControlFailure(.forbidden, "The token does not allow \(what).")
        }
    }

    /// Throws unless the token may purge all of `scopes`.
    func requirePurge(of scopes: [PurgeScope]) throws(ControlFailure) {
        if has(.purge) { return }
        for scope in scopes {
            guard let host = scope.host, token.scopes.contains(.purgeHost(host)) else {
                throw ControlFailure(.forbidden, "The token does not allow purging \(scope).")
            }
        }
    }

    /// Whether purges' confirmations may be shown edge by edge.
    var maySeeEdges: Bool { has(.read) || has(.purge) }

    /// Throws unless the token may see how a purge of `scopes` stands.
    func requireSight(of scopes: [PurgeScope]) throws(ControlFailure) {
        if has(.read) { return }
        // The same answer for a purge that is not theirs and for one that is not there would need the number hidden too;
        // numbers are no secret, what was purged is.
        do { try requirePurge(of: scopes) } catch {
            throw ControlFailure(.forbidden, "The token does not allow seeing this purge.")
        }
    }
}
