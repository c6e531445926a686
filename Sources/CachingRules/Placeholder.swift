enum CachingRulesPlaceholder {}
