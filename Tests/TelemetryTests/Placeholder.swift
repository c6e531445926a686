enum TelemetryTestsPlaceholder {}
