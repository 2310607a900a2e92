import ControlLoop
import SchedulingModel
import Testing

@testable import Controller

@Suite("The money's meter")
struct SpendMeterTests {
    private static func held(_ count: Int, _ usdPerHour: Int64) -> HeldMachines {
        var held = HeldMachines(pool: "gpus", capacityType: .spot)
        held.count = count
        held.pricePerHourMicroUSD = usdPerHour * 1_000_000
        return held
    }

    @Test("what was held since the last look is paid for, at the price of then")
    func meter() {
        var meter = SpendMeter()
        let first = meter.settle(1000, holding: [Self.held(1, 10)])
        #expect(first.isEmpty)
        // Half an hour of one machine, then an hour of two.
        let half = meter.settle(1_801_000, holding: [Self.held(2, 24)])
        #expect(half.map(\.usd) == [5])
        let hour = meter.settle(5_401_000, holding: [])
        #expect(hour.map(\.usd) == [24])
        #expect(hour.map(\.seconds) == [7200])
        let none = meter.settle(9_001_000, holding: [Self.held(1, 10)])
        #expect(none.isEmpty)
        // A clock that stands still costs nothing.
        let still = meter.settle(9_001_000, holding: [])
        #expect(still.map(\.usd) == [0])
    }
}
