import SchedulingModel
import TestSupport
import Testing

/// A ledger on which every choice is taken at once, as a node's plugin would see pods come.
private struct Node {
    var ledger: DeviceLedger

    init(
        cards: Int, slots: Int? = nil, isolation: DevicePool.Isolation = .timeSlicing,
        chooser: DevicePool.Chooser = .pluginDistributed, memoryMiB: Int64? = nil, migProfile: String? = nil
    ) {
        self.ledger = DeviceLedger(
            pool: DevicePool(
                resource: .nvidiaGPU,
                kind: slots.map { .shared(slotsPerDevice: $0, isolation: isolation) } ?? .exclusive,
                migProfile: migProfile, deviceCount: cards, memoryMiBPerDevice: memoryMiB, chooser: chooser))
    }

    /// The devices that `request` gets, which are taken; nil where it does not fit.
    mutating func add(_ request: DeviceRequest, avoiding avoided: Set<Int> = []) -> [Int]? {
        guard let indices = self.ledger.choose(request, avoiding: avoided) else { return nil }
        self.ledger.assignments(request, at: indices).forEach { self.ledger.take($0) }
        self.ledger.checkInvariants()
        return indices
    }

    /// Somebody holds `memoryMiB` on a device, whatever the rules say.
    mutating func hold(_ index: Int, memoryMiB: Int64? = nil, kind: DeviceRequest.Kind = .slot) {
        self.ledger.take(DeviceAssignment(resource: .nvidiaGPU, index: index, kind: kind, memoryMiB: memoryMiB))
    }
}

@Suite("Choosing devices")
struct DeviceLedgerChoosingTests {
    @Test("whole devices go lowest index first, and no more than there are")
    func whole() {
        var node = Node(cards: 4)
        #expect(node.add(.whole(3)) == [0, 1, 2])
        #expect(node.add(.whole(2)) == nil)
        #expect(node.add(.whole(1)) == [3])
        #expect(node.add(.whole(1)) == nil)
        #expect(node.ledger.idleCount == 0)
    }

    @Test("whole devices come round those that somebody holds")
    func gaps() {
        var node = Node(cards: 4)
        node.hold(1, kind: .whole)
        #expect(node.add(.whole(2)) == [0, 2])
    }

    @Test("a request for nothing, or for more devices than the node has, does not fit", arguments: [-1, 0, 5])
    func counts(_ count: Int) {
        #expect(Node(cards: 4).ledger.choose(.whole(count)) == nil)
    }

    @Test("a distributing plugin gives the card with the fewest clients, lowest first")
    func distributed() {
        var node = Node(cards: 2, slots: 2)
        #expect(node.add(.slot()) == [0])
        #expect(node.add(.slot()) == [1])
        #expect(node.add(.slot()) == [0])
        #expect(node.add(.slot()) == [1])
        #expect(node.add(.slot()) == nil)
    }

    @Test("a packing plugin gives the card with the most clients that has a slot left")
    func packed() {
        var node = Node(cards: 2, slots: 2, chooser: .pluginPacked)
        #expect(node.add(.slot()) == [0])
        #expect(node.add(.slot()) == [0])
        #expect(node.add(.slot()) == [1])
    }

    @Test("where the planner picks, the fullest card with room is taken")
    func planner() {
        var node = Node(cards: 3, slots: 4, isolation: .declared, chooser: .planner, memoryMiB: 10_000)
        node.hold(1, memoryMiB: 4_000)
        node.hold(2, memoryMiB: 7_000)
        #expect(node.add(.fraction(memoryMiB: 3_000)) == [2])
        #expect(node.add(.fraction(memoryMiB: 3_000)) == [1])
        #expect(node.add(.fraction(memoryMiB: 9_000)) == [0])
        #expect(node.add(.fraction(memoryMiB: 9_000)) == nil)
    }

    @Test("two slots where the planner picks are two cards")
    func distinct() {
        var node = Node(cards: 3, slots: 4, isolation: .declared, chooser: .planner)
        #expect(node.add(.slot(count: 2)) == [0, 1])
    }

    @Test("a card that the plugin might take must have room for the memory, even if another card would do")
    func everyOpenCard() {
        var node = Node(cards: 2, slots: 4, memoryMiB: 16_000)
        node.hold(0, memoryMiB: 12_000)
        node.hold(1, memoryMiB: 4_000)
        #expect(node.add(.slot(memoryMiB: 6_000)) == nil)
        #expect(node.add(.slot(memoryMiB: 4_000)) == [0])
    }

    @Test("a card that the plugin cannot take now is not looked at")
    func closedCards() {
        var node = Node(cards: 2, slots: 4, memoryMiB: 16_000)
        node.hold(0, memoryMiB: 16_000)
        #expect(node.add(.slot(memoryMiB: 16_000)) == [1])
    }

    @Test("no card's declared memory is ever exceeded, however many slots are free")
    func budget() {
        var node = Node(cards: 2, slots: 4, memoryMiB: 15_360)
        for expected in [0, 1, 0, 1] { #expect(node.add(.slot(memoryMiB: 7_000)) == [expected]) }
        #expect(node.add(.slot(memoryMiB: 7_000)) == nil)
        #expect(node.ledger.freeSlotCount == 4)
        #expect(node.ledger.loads.allSatisfy { $0.memoryMiB == 14_000 })
    }

    @Test("a client that declares nothing counts at its equal share of the card")
    func undeclared() {
        var node = Node(cards: 1, slots: 4, memoryMiB: 16_000)
        #expect(node.add(.slot()) == [0])
        #expect(node.ledger.loads[0].memoryMiB == 4_000)
        #expect(node.add(.slot(memoryMiB: 12_001)) == nil)
        #expect(node.add(.slot(memoryMiB: 12_000)) == [0])
        #expect(node.add(.slot()) == nil)
    }

    @Test("under MPS a client never gets more than its share of an empty card")
    func mps() {
        var node = Node(cards: 2, slots: 4, isolation: .mps, memoryMiB: 23_028)
        #expect(node.add(.slot(memoryMiB: 7_000)) == nil)
        #expect(node.add(.slot(memoryMiB: 5_757)) == [0])
    }

    @Test("declared memory does not go where nobody knows the card's memory", arguments: [nil, 2])
    func unknownMemory(slots: Int?) {
        var node = Node(cards: 2, slots: slots)
        #expect(node.add(.slot(memoryMiB: 1)) == nil)
        #expect(node.add(.slot()) == [0])
    }

    @Test("members of one group never share a card")
    func groupMembers() {
        var node = Node(cards: 2, slots: 4)
        #expect(node.add(.slot(), avoiding: []) == [0])
        #expect(node.add(.slot(), avoiding: [0]) == [1])
        #expect(node.add(.slot(), avoiding: [0, 1]) == nil)
    }

    @Test("where the plugin might take a sibling's card, the node is refused")
    func siblingMightBeChosen() {
        var node = Node(cards: 2, slots: 4)
        node.hold(1)
        #expect(node.ledger.choose(.slot(), avoiding: [0]) == nil)
        node.hold(0)
        node.hold(0)
        #expect(node.ledger.choose(.slot(), avoiding: [0]) == [1])
    }

    @Test("a slot on an unshared card takes it whole")
    func slotOnCard() {
        var node = Node(cards: 2, memoryMiB: 24_000)
        #expect(node.add(.slot(memoryMiB: 20_000)) == [0])
        #expect(node.add(.slot(memoryMiB: 1_000)) == [1])
        #expect(node.add(.slot(memoryMiB: 1_000)) == nil)
        #expect(Node(cards: 2, memoryMiB: 24_000).ledger.choose(.slot(memoryMiB: 24_001)) == nil)
    }

    @Test("fractions fill one card before they open another, and keep whole requests off it")
    func fractions() {
        var node = Node(cards: 2, memoryMiB: 10_000)
        #expect(node.add(.fraction(thousandths: 500)) == [0])
        #expect(node.add(.fraction(thousandths: 300)) == [0])
        #expect(node.add(.fraction(thousandths: 300)) == [1])
        #expect(node.add(.fraction(thousandths: 200)) == [0])
        #expect(node.add(.whole(1)) == nil)
        #expect(node.add(.slot()) == nil)
    }

    @Test("a fraction in memory and one in thousandths share one budget")
    func mixedFractions() {
        var node = Node(cards: 1, memoryMiB: 10_000)
        #expect(node.add(.fraction(memoryMiB: 6_000)) == [0])
        #expect(node.add(.fraction(thousandths: 500)) == nil)
        #expect(node.add(.fraction(thousandths: 400)) == [0])
    }

    @Test("fractions never join a card that is taken whole")
    func fractionBesideWhole() {
        var node = Node(cards: 1, memoryMiB: 10_000)
        #expect(node.add(.whole(1)) == [0])
        #expect(node.add(.fraction(thousandths: 1)) == nil)
    }

    @Test("several fractions of one pod lie on several cards")
    func fractionCount() {
        var node = Node(cards: 2, memoryMiB: 10_000)
        #expect(node.add(.fraction(thousandths: 400, count: 2)) == [0, 1])
        #expect(node.add(.fraction(thousandths: 400, count: 3)) == nil)
    }

    @Test("choosing changes nothing")
    func purity() {
        let ledger = Node(cards: 2, slots: 4).ledger
        let before = ledger
        _ = ledger.choose(.slot())
        #expect(ledger == before)
    }
}

@Suite("Booking devices")
struct DeviceLedgerBookingTests {
    @Test(
        "giving back undoes taking exactly",
        arguments: [
            DeviceRequest.whole(2), .slot(memoryMiB: 300), .fraction(thousandths: 300), .fraction(memoryMiB: 700),
        ])
    func inverse(_ request: DeviceRequest) throws {
        var ledger = Node(cards: 2, memoryMiB: 1_000).ledger
        let before = ledger
        let assignments = ledger.assignments(request, at: try #require(ledger.choose(request)))
        assignments.forEach { ledger.take($0) }
        #expect(ledger != before)
        assignments.forEach { ledger.giveBack($0) }
        #expect(ledger == before)
    }

    @Test("the free slots of shared cards are counted, and none of a card taken whole")
    func freeSlots() {
        var shared = Node(cards: 2, slots: 4)
        _ = shared.add(.slot())
        #expect(shared.ledger.freeSlotCount == 7)
        var cards = Node(cards: 2)
        _ = cards.add(.whole(1))
        #expect(cards.ledger.freeSlotCount == 1)
    }

    @Test("only the planner's own choice on a shared card, or a fraction, is more than an assumption")
    func assumed() {
        let plugin = Node(cards: 1, slots: 2).ledger
        let planner = Node(cards: 1, slots: 2, isolation: .declared, chooser: .planner).ledger
        let cards = Node(cards: 1, chooser: .planner, memoryMiB: 100).ledger
        #expect(plugin.assignments(.slot(), at: [0]).map(\.isAssumed) == [true])
        #expect(planner.assignments(.slot(), at: [0]).map(\.isAssumed) == [false])
        #expect(cards.assignments(.whole(1), at: [0]).map(\.isAssumed) == [true])
        #expect(cards.assignments(.fraction(thousandths: 5), at: [0]).map(\.isAssumed) == [false])
    }

    @Test("a slot on an unshared card is recorded as the whole card, one on a slice as a slot")
    func kinds() {
        #expect(Node(cards: 1).ledger.assignments(.slot(), at: [0]).map(\.kind) == [.whole])
        #expect(Node(cards: 1, migProfile: "1g.5gb").ledger.assignments(.slot(), at: [0]).map(\.kind) == [.slot])
    }

    @Test("an index that the node does not have is passed over: facts may be stale")
    func staleIndex() {
        var node = Node(cards: 1)
        let before = node.ledger
        node.hold(7)
        node.hold(-1)
        #expect(node.ledger == before)
    }
}

@Suite("Where running pods are assumed to be")
struct AssumeHeldTests {
    @Test("a distributing plugin spread them, without a look at memory")
    func distributed() {
        var node = Node(cards: 2, slots: 4, memoryMiB: 1_000)
        node.hold(0, memoryMiB: 10)
        node.hold(1, memoryMiB: 1_000)
        #expect(node.ledger.assumeHeld(.slot(memoryMiB: 900)) == [0])
        node.hold(0, memoryMiB: 900)
        #expect(node.ledger.assumeHeld(.slot(memoryMiB: 900)) == [1])
    }

    @Test("a packing plugin packed them on the lowest card that has most")
    func packed() {
        var node = Node(cards: 3, slots: 2, chooser: .pluginPacked)
        #expect(node.ledger.assumeHeld(.slot()) == [0])
        node.hold(2)
        #expect(node.ledger.assumeHeld(.slot()) == [2])
        node.hold(2)
        #expect(node.ledger.assumeHeld(.slot()) == [0])
    }

    @Test("fractions are assumed on a shared card before an idle one")
    func fractions() {
        var node = Node(cards: 2, memoryMiB: 1_000)
        node.hold(1, memoryMiB: 300, kind: .fraction)
        #expect(node.ledger.assumeHeld(.fraction(memoryMiB: 300)) == [1])
        #expect(node.ledger.assumeHeld(.fraction(memoryMiB: 800)) == [0])
    }

    @Test("an overcommitted node gives fewer devices than were asked for")
    func overcommitted() {
        var node = Node(cards: 2)
        node.hold(0, kind: .whole)
        #expect(node.ledger.assumeHeld(.whole(2)) == [1])
        node.hold(1, kind: .whole)
        #expect(node.ledger.assumeHeld(.whole(1)) == [])
    }
}
