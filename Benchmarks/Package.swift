// swift-tools-version:6.2
import PackageDescription

// A package of its own, so that what measures never becomes a dependency of what is measured.
let package = Package(
    name: "berth-benchmarks",
    dependencies: [.package(name: "berth", path: "..")],
    targets: [
        .executableTarget(
            name: "BerthBenchmarks",
            dependencies: [
                .product(name: "BerthCore", package: "berth"),
                .product(name: "SchedulerExtender", package: "berth"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
        .executableTarget(
            name: "DecodingBenchmarks",
            dependencies: [.product(name: "KubernetesAPI", package: "berth")],
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
        .executableTarget(
            name: "ClientBenchmarks",
            dependencies: [.product(name: "ClusterDoor", package: "berth")],
            swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]),
    ]
)
