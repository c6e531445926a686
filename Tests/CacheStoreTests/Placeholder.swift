enum CacheStoreTestsPlaceholder {}
