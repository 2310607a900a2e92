// swift-tools-version:6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "berth",
    products: [
        .executable(name: "berth", targets: ["Berth"]),
        .executable(name: "fake-apiserver", targets: ["FakeAPIServerCommand"]),
        .library(name: "KubernetesAPI", targets: ["KubernetesAPI"]),
        .library(name: "SchedulerExtender", targets: ["SchedulerExtender"]),
        .library(
            name: "ClusterDoor",
            targets: ["HTTPTransport", "KubernetesAPI", "KubernetesClient", "ClusterImport", "Controller"]),
        .library(
            name: "BerthCore",
            targets: [
                "SchedulingModel", "PlacementSolver", "PlacementVerifier", "SchedulingCycle", "CapacityPlanner",
                "ControlLoop",
            ]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Pure: values in, values out; no IO, no clock, no async, no wire type.
        .target(name: "SchedulingModel", swiftSettings: strict),
        .target(
            name: "PlacementSolver", dependencies: ["SchedulingModel"], swiftSettings: strict,
            // Square roots and rounding, for executables that link nothing else of the C library.
            linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]),
        .target(name: "PlacementVerifier", dependencies: ["SchedulingModel"], swiftSettings: strict),
        .target(
            name: "SchedulingCycle",
            dependencies: ["SchedulingModel", "PlacementSolver", "PlacementVerifier"],
            swiftSettings: strict),

        .target(
            name: "CapacityPlanner",
            dependencies: ["SchedulingModel", "SchedulingCycle"],
            swiftSettings: strict),

        .target(
            name: "ControlLoop",
            dependencies: ["SchedulingModel", "PlacementVerifier", "SchedulingCycle", "CapacityPlanner"],
            swiftSettings: strict),

        .target(name: "TraceReplay", dependencies: ["SchedulingModel", "PlacementSolver"], swiftSettings: strict),

        // Edge: everything that touches a file, a socket or a clock.
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CJSONDocument", linkerSettings: [.linkedLibrary("simdjson")]),
        .target(
            name: "KubernetesAPI",
            dependencies: ["CJSONDocument", .product(name: "Yams", package: "Yams")],
            swiftSettings: strict),
        .target(name: "ClusterImport", dependencies: ["KubernetesAPI", "SchedulingModel"], swiftSettings: strict),
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(name: "HTTPTransport", dependencies: ["CCurl"], swiftSettings: strict),
        .target(
            name: "KubernetesClient", dependencies: ["HTTPTransport", "KubernetesAPI"], swiftSettings: strict),
        .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
        .target(
            name: "CloudProviders",
            dependencies: [
                "SchedulingModel", "HTTPTransport", "COpenSSL", "KubernetesAPI", "KubernetesClient", "ClusterImport",
            ],
            swiftSettings: strict),
        .target(
            name: "ExtenderDecisions", dependencies: ["SchedulingModel", "PlacementSolver", "ControlLoop"],
            swiftSettings: strict),
        .target(
            name: "SchedulerExtender",
            dependencies: ["SchedulingModel", "ControlLoop", "ExtenderDecisions", "ClusterImport", "KubernetesAPI"],
            swiftSettings: strict),
        .target(
            name: "Controller",
            dependencies: [
                "SchedulingModel", "SchedulingCycle", "CapacityPlanner", "ControlLoop", "ClusterImport", "PlanReport",
                "KubernetesAPI", "KubernetesClient", "HTTPTransport", "CloudProviders",
            ],
            swiftSettings: strict),
        .target(
            name: "HTTPServing",
            dependencies: [
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .target(name: "PlanReport", dependencies: ["SchedulingModel"], swiftSettings: strict),
        .executableTarget(
            name: "Berth",
            dependencies: [
                "SchedulingModel", "PlacementVerifier", "SchedulingCycle", "ControlLoop", "KubernetesAPI",
                "ClusterImport",
                "CapacityPlanner", "PlanReport", "TraceReplay", "CZlib", "KubernetesClient", "Controller",
                "HTTPTransport",
                "SchedulerExtender", "HTTPServing", "Simulation", "CloudProviders",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        .target(
            name: "Simulation",
            dependencies: [
                "SchedulingModel", "SchedulingCycle", "CapacityPlanner", "ControlLoop", "ExtenderDecisions",
            ],
            swiftSettings: strict),

        // Never imported by the product.
        .target(name: "TestSupport", dependencies: ["SchedulingModel", "PlacementVerifier"], swiftSettings: strict),
        .target(
            name: "FakeKubernetesAPI", dependencies: ["KubernetesAPI", "HTTPTransport"], swiftSettings: strict),
        .executableTarget(
            name: "FakeAPIServerCommand",
            dependencies: [
                "FakeKubernetesAPI", "HTTPServing", "HTTPTransport", "KubernetesAPI", "COpenSSL",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "FakeKubernetesAPITests", dependencies: ["FakeKubernetesAPI", "HTTPTransport", "KubernetesAPI"],
            swiftSettings: strict),
        .testTarget(
            name: "SchedulingModelTests", dependencies: ["SchedulingModel", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "PlacementSolverTests",
            dependencies: ["SchedulingModel", "PlacementSolver", "TestSupport"],
            resources: [.copy("GangInstances.txt")],
            swiftSettings: strict),
        .testTarget(
            name: "PlacementVerifierTests",
            dependencies: ["SchedulingModel", "PlacementVerifier", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "SchedulingCycleTests",
            dependencies: ["SchedulingModel", "SchedulingCycle", "PlacementVerifier", "TestSupport"],
            resources: [.copy("Scenarios")],
            swiftSettings: strict),
        .testTarget(
            name: "CapacityPlannerTests",
            dependencies: ["CapacityPlanner", "SchedulingModel", "SchedulingCycle", "TestSupport"],
            resources: [.copy("Instances")],
            swiftSettings: strict),
        .testTarget(
            name: "ControlLoopTests",
            dependencies: [
                "ControlLoop", "CapacityPlanner", "SchedulingCycle", "SchedulingModel", "PlacementVerifier",
                "TestSupport",
            ],
            swiftSettings: strict),
        .testTarget(name: "SimulationTests", dependencies: ["Simulation", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "TraceReplayTests", dependencies: ["SchedulingModel", "TraceReplay", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "CloudProvidersTests",
            dependencies: [
                "SchedulingModel", "CloudProviders", "HTTPTransport", "KubernetesAPI", "KubernetesClient",
                "ClusterImport", "FakeKubernetesAPI",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "HTTPServingTests",
            dependencies: [
                "HTTPServing", "HTTPTransport", "FakeAPIServerCommand", "FakeKubernetesAPI", "KubernetesAPI",
                "KubernetesClient",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .testTarget(name: "HTTPTransportTests", dependencies: ["HTTPTransport"], swiftSettings: strict),
        .testTarget(
            name: "KubernetesClientTests",
            dependencies: ["KubernetesClient", "FakeKubernetesAPI", "HTTPTransport", "KubernetesAPI"],
            swiftSettings: strict),
        .testTarget(
            name: "SchedulerExtenderTests",
            dependencies: [
                "SchedulerExtender", "ExtenderDecisions", "SchedulingModel", "ControlLoop", "SchedulingCycle",
                "KubernetesAPI",
                "ClusterImport", "TestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ControllerTests",
            dependencies: [
                "Controller", "KubernetesClient", "FakeKubernetesAPI", "HTTPTransport", "KubernetesAPI",
                "ClusterImport", "SchedulingModel", "SchedulingCycle", "ControlLoop", "CloudProviders",
            ],
            swiftSettings: strict),
        .testTarget(name: "KubernetesAPITests", dependencies: ["KubernetesAPI"], swiftSettings: strict),
        .testTarget(
            name: "ClusterImportTests",
            dependencies: ["KubernetesAPI", "ClusterImport", "SchedulingModel", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "PlanReportTests",
            dependencies: ["SchedulingModel", "PlanReport"],
            exclude: ["Golden"],
            swiftSettings: strict),
        .testTarget(
            name: "BerthTests",
            dependencies: [
                "Berth", "FakeAPIServerCommand", "SchedulingModel", "PlacementVerifier", "SchedulingCycle",
                "KubernetesAPI", "ClusterImport", "Controller", "HTTPServing",
                "PlanReport", "TraceReplay", "KubernetesClient", "FakeKubernetesAPI", "HTTPTransport", "TestSupport",
                "SchedulerExtender", "ControlLoop",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            exclude: ["Openb"],
            swiftSettings: strict),
    ],
    cxxLanguageStandard: .cxx17
)
