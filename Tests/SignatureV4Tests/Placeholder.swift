enum SignatureV4TestsPlaceholder {}
