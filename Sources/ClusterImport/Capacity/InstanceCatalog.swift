import SchedulingModel

/// A machine type as it can be bought.
struct MachineType: Hashable, Sendable {
    var name: String
    var architecture = "amd64"
    /// Nil for a machine without accelerators.
    var deviceResource: ResourceName?
    var deviceCount = 0
    var memoryMiBPerDevice: Int64?
    var cpuCount: Int64
    var memoryMiB: Int64
    var efaInterfaces = 0
    var prices: [CapacityType: Int64] = [:]
    /// Share of spot machines that are taken back within a month, in percent.
    var monthlyInterruptionPercent = Self.unknownInterruptionPercent

    /// Where nobody says: as often as the worst known.
    static let unknownInterruptionPercent = 25.0

    /// Interruptions expected in an hour: -ln(1 - share) / 730, by its series, so that every machine gets the same bits.
    var interruptionsPerHour: Double {
        let share = min(max(self.monthlyInterruptionPercent / 100, 0), 0.9)
        var (power, sum) = (share, 0.0)
        for term in 1...64 {
            sum += power / Double(term)
            power *= share
        }
        return sum / 730
    }
}

/// The machine types and prices that come with Berth.
enum InstanceCatalog {
    static let machines: [String: MachineType] = {
        let rows = Self.table.split(separator: "\n").compactMap { MachineType(catalogRow: $0.split(separator: " ")) }
        return Dictionary(rows.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }()
}

extension MachineType {
    fileprivate init?(catalogRow words: [Substring]) {
        guard words.count == 12, let cpus = Int64(words[6]), let memory = Int64(words[7]) else { return nil }
        self.init(name: String(words[1]), cpuCount: cpus, memoryMiB: memory)
        self.architecture = String(words[2])
        self.deviceResource = ResourceName(String(words[3]))
        self.deviceCount = Int(words[4]) ?? 0
        self.memoryMiBPerDevice = Int64(words[5])
        self.efaInterfaces = Int(words[8]) ?? 0
        self.prices[.onDemand] = Int64(words[9])
        self.prices[.spot] = Int64(words[10])
        self.monthlyInterruptionPercent = Self.percent(ofBand: words[11])
    }

    /// The middle of the advisor's band; of `>20`, 25.
    private static func percent(ofBand band: Substring) -> Double {
        switch band {
        case "<5": 2.5
        case "5-10": 7.5
        case "10-15": 12.5
        case "15-20": 17.5
        default: self.unknownInterruptionPercent
        }
    }
}
