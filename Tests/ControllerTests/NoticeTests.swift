import CloudProviders
import Foundation
import KubernetesAPI
import SchedulingModel
import Testing

@testable import Controller

/// Spot notices, through the controller, on the fake API server.
@Suite("The controller and nodes that are taken")
struct NoticeTests {
    /// How somebody says that a node is going to be taken.
    enum Notice: String, CaseIterable, CustomTestStringConvertible {
        case cloud, gkeTaint, azureCondition, shutdownTaint, outOfServiceTaint, kubeletShutdown

        var testDescription: String { self.rawValue }
    }

    private func give(_ notice: Notice, of node: String, in world: SpotWorld) async throws {
        let now = Int64(Date().timeIntervalSince1970)
        switch notice {
        case .cloud:
            await world.controller.take(
                CloudNotice(
                    machine: MachineID(node), kind: .spotInterruption, saidAtSeconds: now, takenAtSeconds: now + 12))
        case .gkeTaint:
            try await world.taint(
                node, ["key": "cloud.google.com/impending-node-termination", "effect": "NoSchedule"])
        case .azureCondition:
            let time = HTTPTime.text(now + 12)
            try await world.setCondition(
                node,
                [
                    "type": "VMEventScheduled", "status": "True", "reason": "VMEventScheduled",
                    "message": .string("Preempt Scheduled: \(time)"),
                ])
        case .shutdownTaint:
            try await world.taint(node, ["key": "node.cloudprovider.kubernetes.io/shutdown", "effect": "NoSchedule"])
        case .outOfServiceTaint:
            try await world.taint(
                node, ["key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"])
        case .kubeletShutdown:
            try await world.setCondition(
                node,
                [
                    "type": "Ready", "status": "False", "reason": "KubeletNotReady",
                    "message": "node is shutting down",
                ])
        }
    }

    private func startedPair(_ world: SpotWorld) async throws -> (lost: String, kept: String) {
        try await world.addGang("pair", members: ["a", "b"], minMember: 2)
        try await eventually("both run") {
            let nodes = [try await world.runs("a"), try await world.runs("b")]
            return Set(nodes.compactMap(\.self)).count == 2
        }
        return (try #require(try await world.runs("a")), try #require(try await world.runs("b")))
    }

    @Test(
        "the node is closed, the whole gang told, the replacement bought before the pods are evicted, and the survivor stays",
        arguments: Notice.allCases)
    func notice(_ notice: Notice) async throws {
        let world = try SpotWorld(capacity: ["zone-b": 4])
        try await world.run {
            let (lost, kept) = try await self.startedPair(world)
            let survivor = try await world.pod("b")?[path: ["metadata", "uid"]]
            try await self.give(notice, of: lost, in: world)
            try await eventually("the node is tainted") {
                try await world.taints(of: lost).contains("berth.dev/interruption")
            }
            try await eventually("the survivor is told") { try await world.checkpoint("b") != nil }
            try await eventually("the lost member runs elsewhere") {
                guard let node = try await world.runs("a") else { return false }
                return node != lost && node != kept
            }
            #expect(try await world.told("NodeInterrupted") == ["a", "b"])
            #expect(try await world.pod("b")?[path: ["metadata", "uid"]] == survivor)
            try await eventually("the node is given up") { try await world.cloud.machines(of: "gpus").count == 2 }
            let bought = await world.cloud.boughtCount
            #expect(bought == 3)
            try self.checkOrder(world, lost)
        }
        #expect(world.bearer.forbidden.isEmpty)
    }

    /// The audit record tells the steps in their order, with the times that were promised.
    private func checkOrder(_ world: SpotWorld, _ lost: String) throws {
        let noticed = try #require(world.position("notice_noticed") { $0["node"]?.string == lost })
        let told = try #require(world.position("mark") { $0["node"]?.string == lost })
        let tainted = try #require(world.position("taint") { $0["taint"]?.string == "berth.dev/interruption" })
        let bought = try #require(
            world.audit.lastIndex { $0["action"]?.string == "launch" && $0["nodes"]?.string == "1" })
        let evicting = try #require(world.position("notice_evicting"))
        let evicted = try #require(world.position("evict") { $0["interruptedNode"]?.string == lost })
        #expect(noticed < told && noticed < tainted && noticed < bought)
        #expect(evicting < evicted)
        let record = world.audit[noticed]
        let (taken, evict) = (record["taken"]?.string ?? "", record["evict"]?.string ?? "")
        #expect(record["gangs"]?.elements == ["default/pair"])
        #expect(evict <= taken && !evict.isEmpty)
        if evict < taken {
            // There was time: the replacement is bought first, and nobody goes before the promised second.
            #expect(bought < evicted)
            let time = world.audit[evicted]["time"]?.string ?? ""
            #expect(evict.prefix(19) <= time.prefix(19) && time.prefix(19) <= taken.prefix(19))
        }
    }

    @Test("two minutes' notice closes the node and buys, and nobody is evicted yet")
    func terminationHandler() async throws {
        let world = try SpotWorld(capacity: ["zone-b": 4])
        try await world.run {
            let (lost, _) = try await self.startedPair(world)
            try await world.taint(
                lost, ["key": "aws-node-termination-handler/spot-itn", "value": "id", "effect": "NoSchedule"])
            try await eventually("the replacement is bought") { await world.cloud.boughtCount == 3 }
            try await eventually("both are told") {
                let marks = [try await world.checkpoint("a"), try await world.checkpoint("b")]
                return Set(marks.compactMap(\.self)).count == 1
            }
            #expect(try await world.runs("a") == lost)
            #expect(world.position("evict") == nil)
        }
    }

    @Test("a recommendation tells the pods, and buys nothing")
    func recommendation() async throws {
        let world = try SpotWorld(capacity: ["zone-b": 4])
        try await world.run {
            let (lost, _) = try await self.startedPair(world)
            try await world.taint(
                lost, ["key": "aws-node-termination-handler/rebalance-recommendation", "effect": "NoSchedule"])
            try await eventually("both are told") {
                let marks = [try await world.checkpoint("a"), try await world.checkpoint("b")]
                return marks == ["unknown", "unknown"]
            }
            let bought = await world.cloud.boughtCount
            #expect(bought == 2)
            #expect(!(try await world.taints(of: lost).contains("berth.dev/interruption")))
        }
    }
}

/// Times as Azure writes them into messages.
private enum HTTPTime {
    static func text(_ seconds: Int64) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
    }
}
