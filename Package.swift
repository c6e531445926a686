// swift-tools-version: 6.2
// Apus: an edge cache for static assets. Targets are listed lowest layer first; arrows only go down.

import PackageDescription

// Continuous integration sets this. A newcomer with a later compiler, and a later warning, can still build.
// Deprecations stay warnings: a dependency's new release must not break a build that was green.
let strictness: [SwiftSetting] =
    Context.environment["APUS_WARNINGS_AS_ERRORS"] == nil
    ? [] : [.treatAllWarnings(as: .error), .treatWarning("DeprecatedDeclaration", as: .warning)]

let swiftSettings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + strictness

let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
]
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

func library(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: swiftSettings)
}

func tests(_ target: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: target + "Tests",
        dependencies: [.byName(name: target)] + dependencies,
        swiftSettings: swiftSettings
    )
}

let package = Package(
    name: "apus",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "apus", targets: ["Apus"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-http-structured-headers", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    ],
    targets: [
        // Layer 0: the system's libraries.
        .systemLibrary(name: "CBrotli", pkgConfig: "libbrotlienc", providers: [.apt(["libbrotli-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLibc"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

        // Layer 1: plain functions and state machines over bytes and time. Neither NIO nor Foundation.
        library("HTTPWire"),
        library(
            "CachingRules",
            ["HTTPWire", .product(name: "RawStructuredFieldValues", package: "swift-http-structured-headers")]
        ),
        library("CachePolicy"),

        // Layer 2: the cache's parts.
        library("CacheStore", ["CLibc", "HTTPWire", "CachingRules", "CachePolicy", logging] + nio),
        library(
            "ContentCoding",
            ["CZlib", "CBrotli", "HTTPWire", "CachingRules", .product(name: "NIOCore", package: "swift-nio")]
        ),
        library("Replay", ["CachePolicy", "CZlib", "CZstd"]),
        library("Telemetry"),
        library("Settings", [.product(name: "Yams", package: "Yams")]),
        library(
            "SignatureV4",
            ["HTTPWire", "CCrypto", .product(name: "NIOConcurrencyHelpers", package: "swift-nio")]
        ),

        // Layer 3: HTTP on sockets.
        library(
            "HTTPServer",
            [
                "HTTPWire", logging, .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
            ] + nio
        ),
        library(
            "HTTPClient",
            [
                "HTTPWire", .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
            ] + nio
        ),

        // Layer 4: what an edge talks to.
        library(
            "BucketClient",
            ["HTTPWire", "HTTPClient", "SignatureV4"] + nio
        ),
        library("Origins", ["HTTPWire", "HTTPClient", "SignatureV4", logging] + nio),
        library(
            "ControlPlane",
            [
                "HTTPWire", "HTTPClient", "CCrypto", logging,
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
            ] + nio
        ),
        library(
            "ObjectStore",
            [
                "HTTPWire", "HTTPServer", "SignatureV4", "CCrypto", logging,
                .product(name: "GRDB", package: "GRDB.swift"),
            ] + nio
        ),

        // Layer 5: the roles.
        library(
            "Edge",
            [
                "HTTPWire", "CachingRules", "CachePolicy", "CacheStore", "ContentCoding", "Telemetry", "Settings",
                "HTTPServer", "HTTPClient", "Origins", "ControlPlane", "SignatureV4", logging,
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ] + nio
        ),
        library(
            "Console",
            ["ControlPlane"],
            resources: [.embedInCode("Resources")]
        ),

        // Layer 6: commands and wiring only.
        .executableTarget(
            name: "Apus",
            dependencies: [
                "Edge", "Console", "ControlPlane", "BucketClient", "ObjectStore", "Origins", "Settings", "Telemetry",
                "HTTPServer", "HTTPClient", "HTTPWire", "SignatureV4", "CacheStore", "CachePolicy", "CachingRules",
                "Replay", logging,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ] + nio,
            resources: [.embedInCode("SampleSite")],
            swiftSettings: swiftSettings
        ),

        // Loads on the store alone, for scripts/bench: no part of the product.
        .executableTarget(
            name: "store-bench",
            dependencies: [
                "CacheStore", "CachingRules", "HTTPWire", logging, .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/StoreBench",
            swiftSettings: swiftSettings
        ),

        // Scripted origins and clients, temporary folders, the built program as a process.
        library("TestSupport", ["HTTPWire", .product(name: "NIOSSL", package: "swift-nio-ssl")] + nio),

        tests("TestSupport"),
        tests("HTTPWire", ["TestSupport"]),
        tests("CachingRules", ["TestSupport", "HTTPWire"]),
        tests("CachePolicy"),
        tests("CacheStore", ["TestSupport", "CachePolicy"] + nio),
        tests("Replay", ["CachePolicy"]),
        tests("ContentCoding", ["HTTPWire", "CachingRules", .product(name: "NIOCore", package: "swift-nio")]),
        tests("Telemetry"),
        tests("Settings", ["TestSupport"]),
        tests("SignatureV4", ["TestSupport", "HTTPWire"]),
        tests(
            "HTTPServer",
            [
                "TestSupport", "HTTPWire", logging, .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ] + nio
        ),
        tests("HTTPClient", ["TestSupport", "HTTPWire", "HTTPServer"] + nio),
        tests("BucketClient"),
        tests("Origins", ["TestSupport", "HTTPClient", "HTTPWire", "SignatureV4", logging] + nio),
        tests("ControlPlane", ["TestSupport", "HTTPClient", "Console"] + nio),
        tests(
            "ObjectStore",
            [
                "TestSupport", "HTTPClient", "HTTPServer", "HTTPWire", "SignatureV4", logging,
                .product(name: "GRDB", package: "GRDB.swift"),
            ] + nio
        ),
        tests(
            "Edge",
            [
                "HTTPWire", "CachingRules", "CacheStore", "ContentCoding", "Telemetry", "Settings", "HTTPServer",
                "HTTPClient", "Origins", "ControlPlane", logging,
            ] + nio
        ),
        // Behaviour of a whole edge, client and origin scripted: in process, and as the built program.
        .testTarget(
            name: "ScenarioTests",
            dependencies: [
                "TestSupport", "Apus", "Edge", "HTTPServer", "HTTPWire", "CachingRules", "CacheStore", "ContentCoding",
                "ControlPlane", "Settings", "SignatureV4", "Telemetry", logging,
            ] + nio,
            swiftSettings: swiftSettings
        ),
    ]
)

// For short rounds while working: APUS_TEST_TARGETS=EdgeTests,ScenarioTests builds and links these alone.
if let chosen = Context.environment["APUS_TEST_TARGETS"]?.split(separator: ",").map(String.init) {
    package.targets.removeAll { $0.type == .test && !chosen.contains($0.name) }
}
