import ControlLoop
import SchedulingModel

/// Adds up what bought machines cost: price by time, from the provider's answer until they are known to be gone.
///
/// An estimate. It knows the prices that purchases were decided by, no discounts, no minimum that a cloud charges, and only the time in
/// which this process led.
struct SpendMeter {
    private var held: [HeldMachines] = []
    private var sinceMillis: Int64 = 0

    struct Spent {
        var machines: HeldMachines
        /// Of all machines together.
        var seconds: Double
        var usd: Double
    }

    /// - Returns: What was spent since the last call, by what was held then.
    mutating func settle(_ now: Int64, holding held: [HeldMachines]) -> [Spent] {
        let seconds = Double(max(0, now - self.sinceMillis)) / 1000
        let spent = self.held.map { machines in
            Spent(
                machines: machines, seconds: Double(machines.count) * seconds,
                usd: Double(machines.pricePerHourMicroUSD) / 1e6 * seconds / 3600)
        }
        self.held = held
        self.sinceMillis = now
        return spent
    }
}

extension Controller {
    /// Brings the money's counters up to now. Called after every event, and before they are shown.
    public func settleSpending() {
        guard self.buysNodes else { return }
        let held = self.loop.heldMachines
        for spent in self.spending.settle(self.nowMillis, holding: held) {
            self.metrics.add(.spent, Self.labels(spent.machines), by: spent.usd)
            self.metrics.add(.machineTime, Self.labels(spent.machines), by: spent.seconds)
        }
        self.metrics.replace(.heldNodes, by: Self.values(held) { Double($0.count) })
        self.metrics.replace(.spending, by: Self.values(held) { Double($0.pricePerHourMicroUSD) / 1e6 })
        for event in self.loop.takeMachineEvents() {
            self.metrics.add(
                .machineEvents, [event.pool, event.offering.capacityType.rawValue, event.kind.title],
                by: Double(event.count))
            if case .joined(let millis) = event.kind {
                self.metrics.observe(.bootTime, [event.pool], Double(millis) / 1000)
            }
        }
    }

    private static func labels(_ machines: HeldMachines) -> [String] {
        [machines.pool, machines.capacityType.rawValue]
    }

    private static func values(
        _ held: [HeldMachines], _ value: (HeldMachines) -> Double
    ) -> [[String]: Double] {
        Dictionary(held.map { (Self.labels($0), value($0)) }) { $1 }
    }
}

extension MachineEvent.Kind {
    fileprivate var title: String {
        switch self {
        case .launched: "launched"
        case .joined: "joined"
        case .interrupted: "interrupted"
        case .givenBack: "given_back"
        case .lost: "lost"
        }
    }
}

extension Metrics.Family {
    static let heldNodes = Self(
        "berth_bought_machines", .gauge, labels: ["pool", "capacity_type"], "Machines that are bought and not yet gone")
    static let spending = Self(
        "berth_spend_usd_per_hour", .gauge, labels: ["pool", "capacity_type"],
        "Price of the machines that are bought, an estimate in dollars per hour")
    static let spent = Self(
        "berth_spend_usd_total", .counter, labels: ["pool", "capacity_type"],
        "Price of bought machines by the time that they were held, an estimate in dollars")
    static let machineTime = Self(
        "berth_machine_seconds_total", .counter, labels: ["pool", "capacity_type"],
        "Time of bought machines, of all together")
    static let machineEvents = Self(
        "berth_machine_events_total", .counter, labels: ["pool", "capacity_type", "event"],
        "Bought machines: launched, joined as usable nodes, interrupted by their cloud, given_back, lost")
    static let bootTime = Self(
        "berth_node_boot_seconds", .histogram, labels: ["pool"], bounds: Metrics.waitBounds,
        "From a machine's launch to a usable node")
}
