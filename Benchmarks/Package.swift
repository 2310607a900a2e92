// swift-tools-version:6.2
import PackageDescription

// A package of its own, so that what measures never becomes a dependency of what is measured.
let package = Package(
    name: "berth-benchmarks",
    dependencies: [.package(name: "berth", path: "..")],
    targets: [
        .target(
            name: "BenchmarkSupport",
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
        .executableTarget(
            name: "BerthBenchmarks",
            dependencies: [
                "BenchmarkSupport",
                .product(name: "BerthCore", package: "berth"),
                .product(name: "SchedulerExtender", package: "berth"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
        .executableTarget(
            name: "DecodingBenchmarks",
            dependencies: ["BenchmarkSupport", .product(name: "KubernetesAPI", package: "berth")],
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
        .executableTarget(
            name: "ClientBenchmarks",
            dependencies: ["BenchmarkSupport", .product(name: "ClusterDoor", package: "berth")],
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
    ]
)
