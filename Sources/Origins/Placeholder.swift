enum OriginsPlaceholder {}
