import CloudProviders
import SchedulingModel
import Testing

extension MotoTests {
    @Suite("SQS notices", .serialized)
    struct Notices {
        /// `e2e/aws_fixture.py` put three messages into the queue: an interruption, one that is no event, a rebalance.
        @Test("messages are read, come again until they are acknowledged, and then never")
        func queue() async throws {
            let moto = try Moto()
            try await moto.set([])
            let account = try await AWSAccount.find(in: try moto.environment(user: "berth"))
            let queue = try NoticeQueue(account: account, queueURL: try moto.text("queueURL"))
            let first = try await Self.all(queue, count: 3)
            // A second is the queue's visibility timeout.
            try await Task.sleep(for: .milliseconds(1_500))
            let again = try await Self.all(queue, count: 3)
            for batches in [first, again] {
                let notices = batches.flatMap(\.notices).sorted { $0.machine < $1.machine }
                #expect(notices.map(\.machine.rawValue) == ["i-interrupted", "i-rebalanced"])
                #expect(notices.map(\.kind) == [.spotInterruption, .rebalanceRecommendation])
                #expect(notices.map(\.takenAtSeconds) == [1_440_938_280, nil])
                #expect(batches.flatMap(\.problems).count == 1)
            }
            for batch in again { try await queue.acknowledge(batch) }
            try await Task.sleep(for: .milliseconds(1_500))
            #expect(try await queue.receive(waitSeconds: 1).messageCount == 0)
        }

        private static func all(_ queue: NoticeQueue, count: Int) async throws -> [NoticeQueue.Batch] {
            var batches: [NoticeQueue.Batch] = []
            for _ in 0..<10 where batches.reduce(0, { $0 + $1.messageCount }) < count {
                batches.append(try await queue.receive(waitSeconds: 1))
            }
            return batches
        }

        @Test("a queue that is not there is told as such, and rights are needed")
        func refused() async throws {
            let moto = try Moto()
            let account = try await AWSAccount.find(in: try moto.environment(user: "berth"))
            let lost = try NoticeQueue(account: account, queueURL: "\(try moto.text("queueURL"))-lost")
            let error = await #expect(throws: AWSError.self) { try await lost.receive(waitSeconds: 0) }
            #expect(error?.poolError == NodePoolError(.invalid))
            let nobody = try await AWSAccount.find(in: try moto.environment(user: "nobody"))
            let closed = try NoticeQueue(account: nobody, queueURL: try moto.text("queueURL"))
            let denial = await #expect(throws: AWSError.self) { try await closed.receive(waitSeconds: 0) }
            #expect(denial?.poolError == NodePoolError(.denied))
        }
    }
}
