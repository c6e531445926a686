enum CacheStorePlaceholder {}
