import NIOSSL

/// A certificate authority of the tests' own, and a server certificate it signed. A namespace.
///
/// The key is public by being here: it protects nothing, and nothing outside the tests trusts it. Valid for 100 years.
public enum TestCertificates {
    /// The authority's certificate (PEM): what a client must be told to trust.
    public static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBlDCCATugAwIBAgIUODCU7blL8XnkGFF4m+tjKrL6Jv8wCgYIKoZIzj0EAwIw
        FzEVMBMGA1UEAwwMQXB1cyB0ZXN0IENBMCAXDTI2MTEyNDA4NTExOVoYDzIxMjYx
        MDMxMDg1MTE5WjAXMRUwEwYDVQQDDAxBcHVzIHRlc3QgQ0EwWTATBgcqhkjOPQIB
        BggqhkjOPQMBBwNCAARdvFJpyxItEkCwsCk8zdX2RFFtwKQVUQ3jznFqaJdL0KqF
        /IybUtppNpzwi5e9OKdIMgYkygcFgcOkAinbbzIho2MwYTAdBgNVHQ4EFgQUOQgG
        kKl0HcbHIthbXM9InqyQL/YwHwYDVR0jBBgwFoAUOQgGkKl0HcbHIthbXM9InqyQ
        L/YwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAgQwCgYIKoZIzj0EAwID
        RwAwRAIgDMCS9ixMEI06ZXksXAkCcGKKUQhVz+XtBpZbTe/7bLwCIEH9s5VRwLdK
        Kz8bbIuGSwhxbBV1I/dgM4fFRfcME8CW
        -----END CERTIFICATE-----

        """

    /// For localhost, *.test and 127.0.0.1 (PEM).
    public static let serverCertificate = """
        -----BEGIN CERTIFICATE-----
        MIIBxDCCAWqgAwIBAgIUdX/LUcBFyuo9xf7gHG7NwzEvSrowCgYIKoZIzj0EAwIw
        FzEVMBMGA1UEAwwMQXB1cyB0ZXN0IENBMCAXDTI2MTEyNDA4NTExOVoYDzIxMjYx
        MDMxMDg1MTE5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggq
        hkjOPQMBBwNCAARNweAP94V57qRgy/KTquwhQWug/mfSg23tEt/0rTAksLeAClOc
        AbWUJa+Fh/Qp+ls8RgRvrBl3qW/SztMVH7mto4GUMIGRMCIGA1UdEQQbMBmCCWxv
        Y2FsaG9zdIIGKi50ZXN0hwR/AAABMAkGA1UdEwQCMAAwCwYDVR0PBAQDAgeAMBMG
        A1UdJQQMMAoGCCsGAQUFBwMBMB0GA1UdDgQWBBQs3EGnT1KO9DdMWcPupPmMwT99
        czAfBgNVHSMEGDAWgBQ5CAaQqXQdxsci2Ftcz0ierJAv9jAKBggqhkjOPQQDAgNI
        ADBFAiBnz6Q1UhgxZw0W9rwn1AWoBHsQmz18gQLXUwtr//2gqAIhAIp+zyyD6NAP
        ygPbEzoBsW+cT5jlNSL6RjsK4Xaju25a
        -----END CERTIFICATE-----

        """

    /// The key of ``serverCertificate`` (PEM).
    public static let serverKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVjo2eVtUxg5KV714
        9z2JROU48QgSgfwldEwpAwtjD9qhRANCAARNweAP94V57qRgy/KTquwhQWug/mfS
        g23tEt/0rTAksLeAClOcAbWUJa+Fh/Qp+ls8RgRvrBl3qW/SztMVH7mt
        -----END PRIVATE KEY-----

        """

    /// A server's side that speaks only HTTP/1.1.
    static func serverContext() throws -> NIOSSLContext {
        let certificate = try NIOSSLCertificate(bytes: Array(serverCertificate.utf8), format: .pem)
        let key = try NIOSSLPrivateKey(bytes: Array(serverKey.utf8), format: .pem)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(certificate)],
            privateKey: .privateKey(key)
        )
        configuration.applicationProtocols = ["http/1.1"]
        return try NIOSSLContext(configuration: configuration)
    }
}
