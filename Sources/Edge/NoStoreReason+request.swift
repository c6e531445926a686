import CachingRules

extension NoStoreReason {
    /// It lies in the request alone: it says nothing about what others would get for the key.
    var isRequestsOwn: Bool {
        switch self {
        case .method, .requestNoStore, .requestBody, .requestConditions, .clientTold, .authorization,
            .schemeRedirect:
            true
        default: false
        }
    }
}
