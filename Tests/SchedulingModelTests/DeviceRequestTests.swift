import SchedulingModel
import TestSupport
import Testing

@Suite("Which devices may serve which request")
struct DeviceRequestTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let request: DeviceRequest
        let pool: DevicePool
        let isServed: Bool
        let testDescription: String

        init(_ testDescription: String, _ request: DeviceRequest, _ pool: DevicePool, _ isServed: Bool) {
            self.testDescription = testDescription
            self.request = request
            self.pool = pool
            self.isServed = isServed
        }
    }

    static let cards = DevicePool(resource: .nvidiaGPU, kind: .exclusive, deviceCount: 8)
    static let slices = DevicePool(resource: .nvidiaGPU, kind: .exclusive, migProfile: "1g.5gb", deviceCount: 7)
    static let declared = Self.shared(.declared, .planner)
    static let timeSliced = Self.shared(.timeSlicing, .pluginDistributed)
    static let mps = Self.shared(.mps, .pluginDistributed)
    static let mig = DeviceRequest(resource: .nvidiaGPU, kind: .mig(profile: "1g.5gb"), count: 2)

    static func shared(_ isolation: DevicePool.Isolation, _ chooser: DevicePool.Chooser) -> DevicePool {
        DevicePool(
            resource: .nvidiaGPU, kind: .shared(slotsPerDevice: 4, isolation: isolation), deviceCount: 2,
            chooser: chooser)
    }

    @Test(
        "whole, slot, slice and fraction against every kind of pool",
        arguments: [
            Case("whole on cards", .whole(8), Self.cards, true),
            Case("whole on a time-sliced card", .whole(1), Self.timeSliced, false),
            Case("whole under MPS", .whole(1), Self.mps, false),
            Case("whole where an agent enforces shares", .whole(1), Self.declared, false),
            Case("whole on a MIG slice", .whole(1), Self.slices, false),
            Case("slot on a card", .slot(), Self.cards, true),
            Case("slot on a slice", .slot(), Self.slices, true),
            Case("slot on a time-sliced card", .slot(), Self.timeSliced, true),
            Case("two slots where the plugin picks: it may give one card twice", .slot(count: 2), Self.mps, false),
            Case("two slots where the planner picks", .slot(count: 2), Self.declared, true),
            Case("slice of the profile", Self.mig, Self.slices, true),
            Case("slice of a profile on a card", Self.mig, Self.cards, false),
            Case("fraction on a card", .fraction(thousandths: 500), Self.cards, true),
            Case("fraction on a slice", .fraction(thousandths: 500), Self.slices, false),
            Case("fraction where an agent enforces shares", .fraction(memoryMiB: 5), Self.declared, true),
            Case("fraction on a time-sliced card", .fraction(memoryMiB: 5), Self.timeSliced, false),
            Case("fraction under MPS", .fraction(memoryMiB: 5), Self.mps, false),
        ])
    func serving(_ testCase: Case) {
        #expect(testCase.request.isServed(by: testCase.pool) == testCase.isServed)
    }

    @Test("another resource name never serves")
    func resourceName() {
        var renamed = Self.timeSliced
        renamed.resource = ResourceName("nvidia.com/gpu.shared")
        #expect(!DeviceRequest.slot().isServed(by: renamed))
    }

    @Test("memory is what is declared, else a fraction of the device, else the equal share of a slot")
    func memory() {
        var pool = Self.timeSliced
        #expect(DeviceRequest.slot().memoryMiB(on: pool) == nil)
        pool.memoryMiBPerDevice = 16_000
        #expect(DeviceRequest.slot().memoryMiB(on: pool) == 4_000)
        #expect(DeviceRequest.slot(memoryMiB: 7_000).memoryMiB(on: pool) == 7_000)
        #expect(DeviceRequest.fraction(thousandths: 250).memoryMiB(on: pool) == 4_000)
    }

    @Test("only MPS holds a client to its share")
    func limits() {
        var (mps, timeSliced) = (Self.mps, Self.timeSliced)
        mps.memoryMiBPerDevice = 23_028
        timeSliced.memoryMiBPerDevice = 23_028
        #expect(mps.memoryMiBLimitPerClient == 5_757)
        #expect(timeSliced.memoryMiBLimitPerClient == 23_028)
    }

    @Test("numbers that no device has do not trap")
    func hostileNumbers() {
        var pool = Self.cards
        pool.memoryMiBPerDevice = .max
        #expect(DeviceRequest.fraction(thousandths: 900).memoryMiB(on: pool) != nil)
        #expect(DeviceRequest.fraction(thousandths: .max).memoryMiB(on: pool) == .max)
        var ledger = DeviceLedger(pool: pool)
        let huge = DeviceAssignment(
            resource: .nvidiaGPU, index: 0, kind: .fraction, memoryMiB: .max, thousandths: .max)
        ledger.take(huge)
        ledger.take(huge)
        #expect(ledger.choose(.fraction(thousandths: .max)) == nil)
        ledger.giveBack(huge)
        ledger.giveBack(huge)
        #expect(ledger == DeviceLedger(pool: pool))
    }
}
