enum ContentCodingPlaceholder {}
