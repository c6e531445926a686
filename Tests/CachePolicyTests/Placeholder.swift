enum CachePolicyTestsPlaceholder {}
