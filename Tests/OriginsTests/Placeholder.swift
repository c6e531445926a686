enum OriginsTestsPlaceholder {}
