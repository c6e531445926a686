enum EdgeTestsPlaceholder {}
