import PlacementVerifier
import SchedulingModel
import Testing

private typealias World = VerifierWorld

@Suite("Verifier: devices")
struct DeviceRuleTests {
    private static let gpu = ResourceName.nvidiaGPU

    private static func slot(_ index: Int, memory: Int64? = 12, assumed: Bool = true) -> [DeviceAssignment] {
        [DeviceAssignment(resource: Self.gpu, index: index, kind: .slot, memoryMiB: memory, isAssumed: assumed)]
    }

    private static func fraction(_ index: Int, memory: Int64?, thousandths: Int? = nil) -> [DeviceAssignment] {
        [
            DeviceAssignment(
                resource: Self.gpu, index: index, kind: .fraction, memoryMiB: memory, thousandths: thousandths,
                isAssumed: false)
        ]
    }

    // MARK: The list

    @Test("a pod gets as many devices as it asks for, each in range, once, in order, and no others")
    func list() {
        let world = World.snapshot(
            [World.node("a", gpus: 3)], [World.pod("p", request: World.whole(2)), World.pod("q")])
        func kinds(_ devices: [DeviceAssignment]) -> [Violation.Kind] {
            World.kinds(world, World.assign("p", "a", devices))
        }
        #expect(kinds(World.whole(at: 0, 2)) == [])
        #expect(kinds(World.whole(at: 0)) == [.deviceCountWrong(Self.gpu, requested: 2, given: 1)])
        #expect(kinds(World.whole(at: 0, 1, 2)) == [.deviceNotRequested(Self.gpu, index: 2)])
        #expect(kinds(World.whole(at: 1, 0)) == [.devicesUnsorted])
        #expect(kinds(World.whole(at: 0, 3)) == [.deviceOutOfRange(Self.gpu, index: 3)])
        #expect(kinds(World.whole(at: -1, 1)) == [.deviceOutOfRange(Self.gpu, index: -1)])
        #expect(kinds(World.whole(at: 1, 1)).contains(.deviceGivenTwice(Self.gpu, index: 1)))
        #expect(
            World.kinds(world, World.assign("q", "a", World.whole(at: 0))) == [.deviceNotRequested(Self.gpu, index: 0)])
    }

    @Test("a node without a pool of the resource, or with one of the wrong kind, serves nothing")
    func pools() {
        let pods = [World.pod("p", request: World.whole(1))]
        let none = World.snapshot([World.node("a")], pods)
        #expect(World.kinds(none, World.assign("p", "a")).contains(.unsuitablePool(Self.gpu)))
        let shared = World.snapshot([World.node("a", pool: World.shared(slots: 2, devices: 1))], pods)
        #expect(World.kinds(shared, World.assign("p", "a", World.whole(at: 0))).contains(.unsuitablePool(Self.gpu)))
    }

    @Test("what is said of a device is what the request stands for")
    func statement() {
        let world = World.snapshot(
            [World.node("a", pool: World.shared(slots: 2, devices: 1))],
            [World.pod("p", request: World.slot(memory: 6))])
        #expect(World.kinds(world, World.assign("p", "a", Self.slot(0, memory: 6))) == [])
        let misstated = [Violation.Kind.deviceMisstated(Self.gpu, index: 0)]
        #expect(World.kinds(world, World.assign("p", "a", Self.slot(0, memory: 5))) == misstated)
        #expect(World.kinds(world, World.assign("p", "a", Self.slot(0, memory: 6, assumed: false))) == misstated)
    }

    // MARK: Room

    @Test("a whole device is held by one pod, by fact or by decision")
    func wholeDevices() {
        let world = World.snapshot(
            [World.node("a", gpus: 3)],
            [
                World.pod("old", on: "a", request: World.whole(1)), World.pod("p", request: World.whole(1)),
                World.pod("q", request: World.whole(1)),
            ])
        let occupied = [Violation.Kind.deviceOccupied(Self.gpu, index: 0)]
        #expect(World.kinds(world, World.assign("p", "a", World.whole(at: 0))) == occupied)
        #expect(
            World.kinds(world, World.assign("p", "a", World.whole(at: 1)), World.assign("q", "a", World.whole(at: 1)))
                == [.deviceOccupied(Self.gpu, index: 1)])
        #expect(
            World.kinds(world, World.assign("p", "a", World.whole(at: 1)), World.assign("q", "a", World.whole(at: 2)))
                == [])
    }

    @Test("a shared device takes as many clients as it has slots")
    func slots() {
        let pool = World.shared(slots: 2, .declared, devices: 1, by: .planner)
        let small = World.slot(memory: 1)
        let world = World.snapshot(
            [World.node("a", pool: pool)],
            [World.pod("old", on: "a", request: small), World.pod("p", request: small), World.pod("q", request: small)])
        let device = Self.slot(0, memory: 1, assumed: false)
        let kinds = World.kinds(world, World.assign("p", "a", device), World.assign("q", "a", device))
        #expect(kinds.contains(.deviceOccupied(Self.gpu, index: 0)))
    }

    @Test("the memory of facts and decisions stays within the device")
    func memory() {
        let pool = World.shared(slots: 3, .declared, devices: 1, by: .planner)
        let world = World.snapshot(
            [World.node("a", pool: pool)],
            [
                World.pod("old", on: "a", request: World.slot(memory: 16)),
                World.pod("p", request: World.slot(memory: 8)),
                World.pod("q", request: World.slot(memory: 9)),
            ])
        #expect(World.kinds(world, World.assign("p", "a", Self.slot(0, memory: 8, assumed: false))) == [])
        #expect(
            World.kinds(world, World.assign("q", "a", Self.slot(0, memory: 9, assumed: false)))
                == [.deviceMemoryExceeded(Self.gpu, index: 0, usedMiB: 25, deviceMiB: 24)])
    }

    @Test("a declared memory needs a device whose memory is known")
    func unknownMemory() {
        var pool = World.shared(slots: 2, devices: 1)
        pool.memoryMiBPerDevice = nil
        let world = World.snapshot([World.node("a", pool: pool)], [World.pod("p", request: World.slot(memory: 1))])
        let kinds = World.kinds(world, World.assign("p", "a", Self.slot(0, memory: 1)))
        #expect(kinds.contains(.deviceMemoryExceeded(Self.gpu, index: 0, usedMiB: 1, deviceMiB: nil)))
    }

    @Test("an MPS client stays within its equal share")
    func clientLimit() {
        let world = World.snapshot(
            [World.node("a", pool: World.shared(slots: 2, .mps, devices: 1))],
            [World.pod("p", request: World.slot(memory: 13))])
        let kinds = World.kinds(world, World.assign("p", "a", Self.slot(0, memory: 13)))
        #expect(kinds.contains(.clientMemoryExceeded(Self.gpu, index: 0, askedMiB: 13, limitMiB: 12)))
    }

    @Test("fractions of a device add up to one at most, and never join a whole holder")
    func fractions() {
        func pods(_ thousandths: Int) -> [PodState] {
            [
                World.pod("old", on: "a", request: World.fraction(thousandths: 500)),
                World.pod("p", request: World.fraction(thousandths: thousandths)),
            ]
        }
        func kinds(_ thousandths: Int, memory: Int64) -> [Violation.Kind] {
            World.kinds(
                World.snapshot([World.node("a", gpus: 1)], pods(thousandths)),
                World.assign("p", "a", Self.fraction(0, memory: memory, thousandths: thousandths)))
        }
        #expect(kinds(500, memory: 12) == [])
        #expect(kinds(501, memory: 12) == [.deviceThousandthsExceeded(Self.gpu, index: 0, used: 1001)])
        let held = World.snapshot(
            [World.node("a", gpus: 1)],
            [World.pod("old", on: "a", request: World.whole(1)), World.pod("p", request: World.fraction(memory: 1))])
        #expect(
            World.kinds(held, World.assign("p", "a", Self.fraction(0, memory: 1))) == [
                .deviceOccupied(Self.gpu, index: 0)
            ])
    }

    @Test("members of one group share no card")
    func siblings() {
        let pool = World.shared(slots: 2, .declared, devices: 2, by: .planner)
        let pods = ["p", "q"].map { World.pod($0, request: World.slot(memory: 1), group: World.gang) }
        let world = World.snapshot([World.node("a", pool: pool)], pods, [PodGroup(key: World.gang, minMember: 2)])
        func device(_ index: Int) -> [DeviceAssignment] { Self.slot(index, memory: 1, assumed: false) }
        #expect(World.kinds(world, World.assign("p", "a", device(0)), World.assign("q", "a", device(1))) == [])
        #expect(
            World.kinds(world, World.assign("p", "a", device(0)), World.assign("q", "a", device(0)))
                == [.deviceSharedWithinGroup(Self.gpu, index: 0, sibling: World.key("p"))])
    }

    // MARK: Plugins that pick

    @Test(
        "the device named is the one the plugin's rule gives",
        arguments: [(DevicePool.Chooser.pluginDistributed, 1), (.pluginPacked, 0)])
    func pluginRule(chooser: DevicePool.Chooser, expected: Int) {
        let small = World.slot(memory: 1)
        let world = World.snapshot(
            [World.node("a", pool: World.shared(slots: 2, devices: 2, by: chooser))],
            [World.pod("old", on: "a", request: small), World.pod("p", request: small)])
        for index in 0...1 {
            let wrong = Violation.Kind.deviceNotByPluginRule(Self.gpu, index: index, expected: expected)
            let kinds = World.kinds(world, World.assign("p", "a", Self.slot(index, memory: 1)))
            #expect(kinds == (index == expected ? [] : [wrong]))
        }
    }

    @Test("a client that would not fit on every card the plugin may take is refused")
    func pluginMayTakeAnother() {
        let world = World.snapshot(
            [World.node("a", pool: World.shared(slots: 3, devices: 2))],
            [
                World.pod("old0", on: "a", request: World.slot(memory: 2)),
                World.pod("old1", on: "a", request: World.slot(memory: 20)),
                World.pod("p", request: World.slot(memory: 8)),
            ])
        #expect(
            World.kinds(world, World.assign("p", "a", Self.slot(0, memory: 8)))
                == [.deviceNotByPluginRule(Self.gpu, index: 0, expected: 0)])
    }
}
