enum CachingRulesTestsPlaceholder {}
