import SchedulingModel

/// The devices of one pod in a few words.
enum DeviceText {
    /// `8 nvidia.com/gpu`, `nvidia.com/gpu slot, 7000 MiB`, `2 nvidia.com/mig-1g.5gb`; `-` for none.
    static func summary(_ devices: [DeviceAssignment]) -> String {
        let kinds = Self.byKind(devices).map { kind -> String in
            let count = kind.count == 1 ? "" : "\(kind.count) "
            return switch kind[0].kind {
            case .whole: "\(kind.count) \(kind[0].resource)"
            case .mig: "\(kind.count) \(kind[0].resource)"
            case .slot: "\(count)\(kind[0].resource) slot\(Self.share(of: kind[0]))"
            case .fraction: "\(count)\(kind[0].resource) part\(Self.share(of: kind[0]))"
            }
        }
        return kinds.isEmpty ? "-" : kinds.joined(separator: ", ")
    }

    /// With the index of every device and whether it is known: `8 nvidia.com/gpu: 0-7 (assumed)`.
    static func full(_ devices: [DeviceAssignment]) -> String {
        let kinds = Self.byKind(devices).map { kind in
            let standing = kind.allSatisfy(\.isAssumed) ? "assumed" : "known"
            return "\(Self.summary(kind)): \(Self.ranges(kind.map(\.index))) (\(standing))"
        }
        return kinds.isEmpty ? "none" : kinds.joined(separator: "; ")
    }

    /// `0-3,7`.
    static func ranges(_ numbers: [Int]) -> String {
        var parts: [(low: Int, high: Int)] = []
        for number in numbers.sorted() {
            if let last = parts.last, number == last.high + 1 {
                parts[parts.count - 1].high = number
            } else {
                parts.append((number, number))
            }
        }
        return parts.map { $0.low == $0.high ? "\($0.low)" : "\($0.low)-\($0.high)" }.joined(separator: ",")
    }

    private static func share(of device: DeviceAssignment) -> String {
        let memory = device.memoryMiB.map { ", \($0) MiB" } ?? ""
        let part = device.thousandths.map { ", \(AmountText.oneDecimal(Double($0) / 10)) %" } ?? ""
        return memory + part
    }

    /// Runs of devices that differ in nothing but the index.
    private static func byKind(_ devices: [DeviceAssignment]) -> [[DeviceAssignment]] {
        var runs: [[DeviceAssignment]] = []
        for device in devices {
            if let last = runs.last?.first, Self.isAlike(last, device) {
                runs[runs.count - 1].append(device)
            } else {
                runs.append([device])
            }
        }
        return runs
    }

    private static func isAlike(_ lhs: DeviceAssignment, _ rhs: DeviceAssignment) -> Bool {
        var same = rhs
        same.index = lhs.index
        return lhs == same
    }
}
