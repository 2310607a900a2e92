import Foundation

/// What the kernel says of this process, in MiB; 0 where it does not say.
enum ProcessMemory {
    static var residentMiB: Int { Self.field("VmRSS:") }
    static var peakMiB: Int { Self.field("VmHWM:") }

    private static func field(_ name: String) -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 / 1024 } ?? 0
    }
}
