// swift-tools-version: 6.2
// halua: a VRRP failover daemon scripted in Lua. See ARCHITECTURE.md for the modules and the arrows between them.
import PackageDescription

/// glibc hides epoll, netlink and packet sockets without this; every Swift target needs it, so that all of them
/// see one and the same C library.
let gnuSource: [CSetting] = [.define("_GNU_SOURCE", to: "1")]

let cSettings: [CSetting] =
    gnuSource + [
        .treatAllWarnings(as: .error),
        // glibc checks the sizes of buffers; it needs an optimising compiler.
        .define("_FORTIFY_SOURCE", to: "2", .when(configuration: .release)),
    ]

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// Modules that decide and never act: they import nothing of the system, and every unsafe word in them is marked.
let pureSettings: [SwiftSetting] = swiftSettings + [.strictMemorySafety()]

/// Millions of events a second: the debug build, which plays the same scenarios, checks accesses at run time.
let simulationSettings: [SwiftSetting] =
    swiftSettings + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let system: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

func module(
    _ name: String, _ dependencies: [Target.Dependency] = [], pure: Bool = false
) -> Target {
    .target(
        name: name, dependencies: dependencies, cSettings: gnuSource,
        swiftSettings: pure ? pureSettings : swiftSettings)
}

/// `exclude` names folders of files that the tests read from the source tree.
func tests(
    _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = [], resources: [Resource] = []
) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, exclude: exclude, resources: resources, cSettings: gnuSource,
        swiftSettings: swiftSettings)
}

let package = Package(
    name: "halua",
    products: [
        .executable(name: "haluad", targets: ["haluad"]),
        .executable(name: "halua", targets: ["halua"]),
        .executable(name: "halua-exporter", targets: ["halua-exporter"]),
        // Preloaded into haluad by the benchmark that counts its allocations.
        .library(name: "AllocationCounter", type: .dynamic, targets: ["CAllocationCounter"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        // C, only where Swift cannot say it.
        .systemLibrary(name: "CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
        .systemLibrary(name: "CJansson", pkgConfig: "jansson", providers: [.apt(["libjansson-dev"])]),
        .systemLibrary(
            name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .target(name: "CLuaGlue", dependencies: ["CLua"], cSettings: cSettings),
        .target(name: "CLinux", cSettings: cSettings),
        // Libraries of the distribution that are loaded on first use; their headers are needed to build.
        .target(name: "CDynamic", cSettings: cSettings),
        .target(name: "CCares", dependencies: ["CDynamic", "CLinux"], cSettings: cSettings),
        .target(name: "CCurl", dependencies: ["CDynamic", "CLinux"], cSettings: cSettings),
        .target(name: "CMariaDB", dependencies: ["CDynamic", "CLinux"], cSettings: cSettings),
        .target(name: "COpenSSL", dependencies: ["CDynamic", "CLinux"], cSettings: cSettings),
        // Loaded into programs that have their own Swift runtime or none: it must bring no second one.
        .target(
            name: "CAllocationCounter", cSettings: cSettings,
            linkerSettings: [.unsafeFlags(["-nostartfiles", "-static-stdlib"])]),

        // Decisions.
        module("Wire", pure: true),
        module("VRRPCore", ["Wire"], pure: true),
        module("KeepalivedConf", ["Wire"], pure: true),
        module("Migration", ["KeepalivedConf", "Wire"], pure: true),

        // Effects.
        module("LinuxIO", ["Wire", "CLinux", system]),
        module(
            "LuaHost",
            [
                "LinuxIO", "Wire", "CLua", "CLuaGlue", system,
                // Libraries for single nouns of the API.
                "CCares",
                "CCurl",
                "CJansson",
                "CMariaDB",
                "COpenSSL",
            ]),
        module("ShellHost", ["LinuxIO", "CLinux", system]),
        module("ControlProtocol", ["LinuxIO", "CJansson", system]),
        module("Journal", ["ControlProtocol"]),
        module(
            "Daemon",
            [
                "Wire", "VRRPCore", "KeepalivedConf", "LinuxIO", "LuaHost", "ShellHost", "ControlProtocol", "Journal",
                "CLinux", "COpenSSL", log, system,
            ]),

        module("Exporter", ["ControlProtocol", "LinuxIO", "Wire", "CLinux", "CMicroHTTPD", system]),

        // Playing the world.
        .target(
            name: "Simulation", dependencies: ["Wire", "VRRPCore"], cSettings: gnuSource,
            swiftSettings: simulationSettings),
        .target(
            name: "PluginTesting",
            dependencies: [
                "Wire", "VRRPCore", "KeepalivedConf", "LinuxIO", "LuaHost", "Daemon", "Simulation", log, system,
            ],
            resources: [.embedInCode("Library/test.lua")], cSettings: gnuSource, swiftSettings: swiftSettings),
        module("Lab", ["Wire", "KeepalivedConf", "LinuxIO", "CLinux", "ControlProtocol", "Journal", system]),

        // For `make simulate` and `make mutants`; not installed.
        .executableTarget(
            name: "simulate", dependencies: ["Simulation", "VRRPCore"], cSettings: gnuSource,
            swiftSettings: swiftSettings),
        .executableTarget(name: "haluad", dependencies: ["Daemon"], cSettings: gnuSource, swiftSettings: swiftSettings),
        .executableTarget(
            name: "halua",
            dependencies: [
                "Daemon", "Migration", "ControlProtocol", "Journal", "KeepalivedConf", "Lab", "PluginTesting",
                "Simulation",
                "LinuxIO",
                argumentParser,
            ],
            cSettings: gnuSource,
            swiftSettings: swiftSettings),

        .executableTarget(
            name: "halua-exporter", dependencies: ["Exporter", "ControlProtocol", "LinuxIO", argumentParser],
            cSettings: gnuSource, swiftSettings: swiftSettings),

        tests("WireTests", ["Wire"]),
        tests("VRRPCoreTests", ["VRRPCore", "Wire"]),
        tests("ConfTests", ["KeepalivedConf", "Wire"], exclude: ["Wrong", "Good", "Trees"]),
        tests("LinuxIOTests", ["LinuxIO", "Wire", "CLinux", system]),
        tests("LuaHostTests", ["LuaHost", "Lab", "LinuxIO", "Wire", "CLinux", "CDynamic", system]),
        tests("ShellHostTests", ["ShellHost", "LinuxIO", "CLinux"]),
        tests("SimulationTests", ["Simulation", "VRRPCore", "Wire"]),
        tests("ScenarioTests", ["Simulation", "VRRPCore", "Wire"], exclude: ["Scenarios"]),
        tests(
            "DaemonTests",
            [
                "Daemon", "KeepalivedConf", "VRRPCore", "ControlProtocol", "Journal", "Lab", "LinuxIO", "LuaHost",
                "Migration",
                "ShellHost",
                "Wire", "CLinux", "COpenSSL", system,
            ]),
        tests("JournalTests", ["Journal", "ControlProtocol"]),
        tests("ExporterTests", ["Exporter", "ControlProtocol", "LinuxIO"]),
        tests("MigrationTests", ["Migration", "KeepalivedConf"], exclude: ["Installations"]),
        tests("NetnsTests", ["Lab", "LinuxIO", "ControlProtocol", "Wire"], exclude: ["Doctor", "Browser"]),
        tests("PluginTests", ["PluginTesting", "LuaHost", "Simulation", "VRRPCore"]),
        tests("TidyTests", []),
    ],
    swiftLanguageModes: [.v6]
)
