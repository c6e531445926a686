enum ContentCodingTestsPlaceholder {}
