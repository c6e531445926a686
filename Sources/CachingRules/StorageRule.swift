public import HTTPWire

/// May a response be stored (RFC 9111, section 3)? A namespace.
public enum StorageRule {
    /// Why a response must not be stored by a shared cache; nil: it may be.
    ///
    /// - Parameters:
    ///   - control: the response's directives (``CacheControl/ofResponse(_:)``), by a caller that has read them.
    ///   - policy: what the site says about lifetimes.
    ///   - requestHasBody: the request came with content, which no key covers.
    public static func mayStore(
        method: Method,
        requestFields: FieldList,
        response: ResponseHead,
        control: CacheControl? = nil,
        policy: FreshnessPolicy,
        requestHasBody: Bool = false
    ) -> NoStoreReason? {
        let control = control ?? .ofResponse(response.fields)
        // The request method is understood by the cache: here GET alone. HEAD has nothing to store.
        guard method == .get else { return .method }
        if requestHasBody { return .requestBody }
        if CacheControl(requestFields).noStore { return .requestNoStore }
        let status = response.status
        // The response status code is final; 304 only updates (section 4.3.4); 206 is the partial store's (3.3).
        if status < 200 || status == 304 { return .status }
        if status == 206 || status == 416 { return .partial }
        // must-understand takes the place of no-store where the status is understood (section 5.2.2.3).
        if control.mustUnderstand {
            guard ResponseStatus.isUnderstood(status) else { return .status }
        } else if control.noStore {
            return .noStore
        }
        if control.isPrivate { return .isPrivate }
        // Section 3.5: must-revalidate, public and s-maxage permit sharing.
        if requestFields.contains(.authorization),
            !control.mustRevalidate, !control.isPublic, control.sMaxAge == nil
        {
            return .authorization
        }
        if Vary.isStar(response.fields) { return .varyStar }
        guard hasUse(response, control, policy) else { return .noFreshness }
        return nil
    }

    /// Section 3, the last condition, and whether a stored copy could ever be used: with a lifetime, or after
    /// validation.
    private static func hasUse(_ response: ResponseHead, _ control: CacheControl, _ policy: FreshnessPolicy) -> Bool {
        let fields = response.fields
        if control.hasLifetime || (!control.isTargeted && fields.contains(.expires)) { return true }
        if policy.forcedLifetime(response.status) != nil { return true }
        if policy.assignedLifetime(response.status, control) != nil { return true }
        guard control.isPublic || ResponseStatus.isHeuristicallyCacheable(response.status) else { return false }
        return fields.contains(.etag) || fields.contains(.lastModified)
    }
}
