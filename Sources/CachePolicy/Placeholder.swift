enum CachePolicyPlaceholder {}
