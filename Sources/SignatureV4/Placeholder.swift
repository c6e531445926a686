enum SignatureV4Placeholder {}
