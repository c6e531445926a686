enum HTTPWireTestsPlaceholder {}
