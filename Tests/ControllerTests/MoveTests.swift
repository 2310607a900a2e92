import CloudProviders
import ClusterImport
import ControlLoop
import Foundation
import KubernetesAPI
import KubernetesClient
import SchedulingModel
import Testing

@testable import Controller

/// Under-used and dear nodes, and those that are kept by the clock, through the controller, on the fake API server, with the rights of the
/// manifests.
@Suite("The controller moves pods off nodes, and keeps some ready")
struct MoveTests {
    private static let spot = BuyingWorld.offering("zone-a")
    private static let onDemand = OfferingKey(instanceType: "gpu-8", zone: "zone-a", capacityType: .onDemand)

    private static func impatient(_ options: inout CapacityOptions) {
        options.consolidationDelay = .seconds(1)
    }

    /// Spot for less than half of what the same machine costs on demand.
    private static func configuration(_ change: (inout PoolSettings) -> Void = { _ in }) -> BerthConfiguration {
        var configuration = BuyingWorld.configuration(zones: ["zone-a"], priceStepMicroUSD: 0)
        configuration.pools[0].capacityTypes = [.spot, .onDemand]
        configuration.pools[0].prices.append(
            .init(instanceType: "gpu-8", capacityType: .onDemand, zone: "zone-a", microUSDPerHour: 22_000_000))
        change(&configuration.pools[0])
        return configuration
    }

    // MARK: Moves

    @Test("a pod is moved off a node that it has nearly for itself, and the node is given back")
    func underUsed() async throws {
        let world = try SpotWorld(capacity: [Self.spot: 4], configuration: Self.configuration())
        try await world.run(as: "one", Self.impatient) {
            // Of these two nobody may be moved, the other could be.
            world.addOwnedPod("a", gpus: 6, mayMove: false)
            world.addOwnedPod("b", gpus: 6, mayMove: false)
            try await eventually("two nodes are in use") {
                let nodes = [try await world.runs("a"), try await world.runs("b")]
                return Set(nodes.compactMap(\.self)).count == 2
            }
            world.addOwnedPod("c", gpus: 2)
            try await eventually("c runs beside one of them") { try await world.runs("c") != nil }
            let left = try #require(try await world.runs("c"))
            let (ends, stays) = try await world.runs("a") == left ? ("a", "b") : ("b", "a")
            let other = try #require(try await world.runs(stays))
            let uid = try await world.pod(stays)?[path: ["metadata", "uid"]]
            try await world.endPod(ends)
            try await eventually("c runs beside the other") { try await world.runs("c") == other }
            try await eventually("its node is given back") {
                try await world.cloud.machines(of: "gpus").map(\.id.rawValue) == [other]
            }
            #expect(try await world.pod(stays)?[path: ["metadata", "uid"]] == uid)
            try await eventually("one claim is left") { try await world.claims().count == 1 }
            try self.checkOrder(world, left)
        }
        let bought = await world.cloud.boughtCount
        #expect(bought == 2)
        #expect(world.bearer.forbidden.isEmpty)
    }

    /// Closed first, then emptied, then given back.
    private func checkOrder(_ world: SpotWorld, _ node: String) throws {
        let tainted = try #require(
            world.position("taint") { $0["node"]?.string == node && $0["value"]?.string == "emptying" })
        let evicted = try #require(world.position("evict") { $0["emptiedNode"]?.string == node })
        let deleted = try #require(world.position("delete_machines") { $0["machines"]?.string == node })
        #expect(tainted < evicted && evicted < deleted)
    }

    // MARK: Replacement

    /// A pod on a node on demand, bought by a process that is gone, while spot can be had again.
    private func dearNode() async throws -> SpotWorld {
        let world = try SpotWorld(
            capacity: [Self.spot: 1, Self.onDemand: 1], configuration: Self.configuration())
        let claim = LaunchClaim(
            token: "berth-before-1", pool: "gpus", offering: Self.onDemand, count: 1,
            sinceMillis: Int64(Date().timeIntervalSince1970 * 1000) - 3_600_000)
        let machines = try await world.cloud.grow(
            LaunchRequest(pool: "gpus", offering: Self.onDemand, count: 1, clientToken: claim.token))
        var launched = claim
        launched.phase = .launched
        launched.machines = machines.map { .init(id: $0.id, phase: .joined) }
        try await world.client.create(
            LaunchClaimObject.json(launched, namespace: "berth-system"),
            in: LaunchClaimObject.collection("berth-system"))
        world.addOwnedPod("a")
        return world
    }

    private func isReplaced(_ world: SpotWorld) async throws -> Bool {
        let machines = try await world.cloud.machines(of: "gpus")
        guard machines.map(\.offering) == [Self.spot], try await world.claims().count == 1 else { return false }
        return try await world.runs("a") == machines.first?.id.rawValue
    }

    @Test("a node on demand makes way for spot: bought first, then the pod is moved, then the dear one goes")
    func replaced() async throws {
        let world = try await self.dearNode()
        try await world.run(as: "one", Self.impatient) {
            try await eventually("the pod runs on spot alone") { try await self.isReplaced(world) }
            let launched = try #require(world.position("launch"))
            let evicted = try #require(world.position("evict") { $0["emptiedNode"]?.string != nil })
            #expect(launched < evicted)
        }
        let bought = await world.cloud.boughtCount
        #expect(bought == 2)
        #expect(world.bearer.forbidden.isEmpty)
    }

    @Test("spot makes way for spot that has become much cheaper while the controller runs")
    func cheaperSpot() async throws {
        let zones = ["zone-a", "zone-b"]
        let world = try SpotWorld(
            capacity: [Self.spot: 1, BuyingWorld.offering("zone-b"): 1],
            configuration: BuyingWorld.configuration(zones: zones, priceStepMicroUSD: 1))
        try await world.run(as: "one", Self.impatient) {
            world.addOwnedPod("a")
            try await eventually("the pod runs in the first zone") { try await world.runs("a") != nil }
            #expect(try await world.cloud.machines(of: "gpus").map(\.offering.zone) == ["zone-a"])
            let cheaper = BuyingWorld.configuration(zones: zones, priceStepMicroUSD: -7_000_000)
            await world.controller.use(cheaper.pools)
            try await eventually("the pod runs in the second zone alone") {
                let machines = try await world.cloud.machines(of: "gpus")
                guard machines.map(\.offering.zone) == ["zone-b"] else { return false }
                return try await world.runs("a") == machines.first?.id.rawValue
            }
        }
        let bought = await world.cloud.boughtCount
        #expect(bought == 2)
    }

    @Test(
        "a controller that ends once it has bought the replacement is followed by one that uses it, and buys no other")
    func restart() async throws {
        let world = try await self.dearNode()
        try await world.run(as: "one", Self.impatient) {
            try await eventually("the replacement is bought") { await world.cloud.boughtCount == 2 }
        }
        // This one would find no node quiet for an hour, and gives idle nodes back after a second.
        func change(_ options: inout CapacityOptions) {
            options.consolidationDelay = .seconds(3600)
            options.idleDelay = .seconds(1)
        }
        try await world.run(as: "two", change) {
            try await eventually("the pod runs on spot alone") { try await self.isReplaced(world) }
        }
        let bought = await world.cloud.boughtCount
        #expect(bought == 2)
    }

    // MARK: Schedules

    @Test("a schedule's nodes are there before its window opens, and are given back after it has closed")
    func schedule() async throws {
        let configuration = Self.configuration { pool in
            let window = WeeklyWindow(days: [.mon], startMinute: 510, minuteCount: 30)
            pool.schedules = [ScheduledMinimum(window: window, minNodes: 2)]
            pool.bootSeconds = 600
        }
        let world = try SpotWorld(capacity: [Self.spot: 4], configuration: configuration)
        // The first Monday after 1970 began, at 8:30.
        let opens: Int64 = (4 * 86_400 + 510 * 60) * 1000
        try await world.run(as: "early", { $0.epochMillis = opens - 3_600_000 }) {
            try await eventually("the pool is listed") { world.hasLogged("list_machines") }
        }
        var bought = await world.cloud.boughtCount
        #expect(bought == 0)
        try await world.run(as: "ready", { $0.epochMillis = opens - 602_000 }) {
            try await eventually("two nodes stand ready") {
                try await world.claims().flatMap(\.machines).count { $0.phase == .joined } == 2
            }
        }
        func late(_ options: inout CapacityOptions) {
            options.epochMillis = opens + 30 * 60_000
            options.idleDelay = .seconds(1)
        }
        try await world.run(as: "late", late) {
            try await eventually("they are given back") { try await world.cloud.machines(of: "gpus").isEmpty }
        }
        bought = await world.cloud.boughtCount
        #expect(bought == 2)
    }
}
