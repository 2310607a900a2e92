import CloudProviders
import SchedulingModel
import Testing

@Suite("Simulated provider")
struct SimulatedProviderTests {
    let key = OfferingKey(instanceType: "box", zone: "a", capacityType: .spot)

    private func request(_ count: Int, token: String) -> LaunchRequest {
        LaunchRequest(pool: "gpus", offering: self.key, count: count, clientToken: token)
    }

    @Test("a launch gives all machines or none")
    func atomic() async throws {
        let cloud = SimulatedNodePoolProvider(capacity: [self.key: 3])
        await #expect(throws: NodePoolError(.noCapacity)) { try await cloud.grow(self.request(4, token: "t1")) }
        #expect(try await cloud.machines(of: "gpus") == [])
        #expect(try await cloud.grow(self.request(3, token: "t2")).count == 3)
    }

    @Test("the same token never buys twice, also when the reply was lost")
    func idempotent() async throws {
        let cloud = SimulatedNodePoolProvider(capacity: [self.key: 8])
        await cloud.loseReplies(1)
        await #expect(throws: NodePoolError(.transient)) { try await cloud.grow(self.request(2, token: "t")) }
        let machines = try await cloud.grow(self.request(2, token: "t"))
        #expect(machines == (try await cloud.machines(of: "gpus")))
        #expect(await cloud.boughtCount == 2)
        await #expect(throws: NodePoolError(.invalid)) { try await cloud.grow(self.request(3, token: "t")) }
    }

    @Test("machines given back can be bought again, and giving back twice is no error")
    func delete() async throws {
        let cloud = SimulatedNodePoolProvider(capacity: [self.key: 1])
        let first = try await cloud.grow(self.request(1, token: "t1"))
        try await cloud.delete(first.map(\.id), of: "gpus")
        try await cloud.delete(first.map(\.id), of: "gpus")
        let second = try await cloud.grow(self.request(1, token: "t2"))
        #expect(first.map(\.id) != second.map(\.id))
        await #expect(throws: NodePoolError(.noCapacity)) { try await cloud.grow(self.request(1, token: "t3")) }
    }
}
