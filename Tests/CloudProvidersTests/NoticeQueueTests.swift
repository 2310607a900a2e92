import CloudProviders
import HTTPTransport
import KubernetesAPI
import SchedulingModel
import Testing

@Suite("SQS notices")
struct NoticeQueueTests {
    private static let said: Int64 = 1_440_938_160

    private func queue(_ world: ScriptedWorld) throws -> NoticeQueue {
        let keys = AWSCredentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "secret")
        let account = AWSAccount(
            region: "us-east-1", credentials: StaticAWSCredentials(keys), environment: world.environment())
        return try NoticeQueue(account: account, queueURL: "https://sqs.us-east-1.amazonaws.com/1/berth")
    }

    private func messages(_ bodies: [String]) -> (Int, String) {
        let messages = bodies.enumerated().map { index, body -> JSONTree in
            ["MessageId": .string("m\(index)"), "ReceiptHandle": .string("r\(index)"), "Body": .string(body)]
        }
        let answer: JSONTree = ["Messages": .array(messages)]
        return (200, answer.text)
    }

    private func event(_ type: String, _ detail: String, time: String = "2015-08-30T12:36:00Z") -> String {
        #"{"version":"0","source":"aws.ec2","detail-type":"\#(type)","time":"\#(time)","detail":\#(detail)}"#
    }

    private func receive(_ bodies: [String]) async throws -> NoticeQueue.Batch {
        try await self.queue(ScriptedWorld([self.messages(bodies)])).receive()
    }

    @Test("interruption, rebalance, health and state change become notices with their times")
    func kinds() async throws {
        let health = """
            {"service":"EC2","eventTypeCategory":"scheduledChange","startTime":"Sun, 6 Sep 2015 12:36:00 GMT",\
            "affectedEntities":[{"entityValue":"i-5"},{"entityValue":"vol-1"},{"entityValue":"i-6"}]}
            """
        let batch = try await self.receive([
            self.event(
                "EC2 Spot Instance Interruption Warning", #"{"instance-id":"i-1","instance-action":"terminate"}"#),
            self.event(
                "EC2 Spot Instance Interruption Warning", #"{"instance-id":"i-2","instance-action":"hibernate"}"#),
            self.event("EC2 Instance Rebalance Recommendation", #"{"instance-id":"i-3"}"#),
            self.event("EC2 Instance State-change Notification", #"{"instance-id":"i-4","state":"shutting-down"}"#),
            self.event("EC2 Instance State-change Notification", #"{"instance-id":"i-4","state":"running"}"#),
            self.event("AWS Health Event", health),
            self.event("AWS Health Event", #"{"service":"RDS","eventTypeCategory":"scheduledChange"}"#),
        ])
        func notice(_ id: String, _ kind: CloudNotice.Kind, _ takenAfter: Int64?) -> CloudNotice {
            CloudNotice(
                machine: MachineID(id), kind: kind, saidAtSeconds: Self.said,
                takenAtSeconds: takenAfter.map { Self.said + $0 })
        }
        #expect(
            batch.notices == [
                notice("i-1", .spotInterruption, 120), notice("i-2", .spotInterruption, 0),
                notice("i-3", .rebalanceRecommendation, nil), notice("i-4", .ended, 0),
                notice("i-5", .scheduledChange, 604_800), notice("i-6", .scheduledChange, 604_800),
            ])
        #expect(batch.problems.isEmpty)
    }

    @Test("an event that came through a topic is unwrapped")
    func topic() async throws {
        let inner = self.event("EC2 Instance Rebalance Recommendation", #"{"instance-id":"i-1"}"#)
        let wrapped: JSONTree = ["Type": "Notification", "Message": .string(inner)]
        #expect(try await self.receive([wrapped.text]).notices.map(\.machine.rawValue) == ["i-1"])
    }

    @Test(
        "a message that cannot be read is named and keeps no other from being read",
        arguments: [
            ("", "no JSON"), ("[]", "no detail-type"), (#"{"Type":"Notification","Message":"x"}"#, "no detail-type"),
            (#"{"detail-type":"EC2 Instance Rebalance Recommendation","detail":{}}"#, "found time nothing"),
            (
                #"{"detail-type":"EC2 Instance Rebalance Recommendation","time":"2015-08-30T12:36:00Z","detail":{}}"#,
                "no instance-id"
            ),
            (
                #"{"detail-type":"EC2 Instance State-change Notification","time":"2015-08-30T12:36:00Z","detail":{"instance-id":"i","state":"odd"}}"#,
                "odd"
            ),
            (#"{"detail-type":"Weather","time":"2015-08-30T12:36:00Z","detail":{}}"#, "Weather"),
            (#"{"detail-type":"AWS Health Event","time":"2015-08-30T12:36:00Z","detail":{}}"#, "no service"),
            (
                #"{"detail-type":"AWS Health Event","time":"2015-08-30T12:36:00Z","detail":{"service":"EC2","eventTypeCategory":"scheduledChange","startTime":"soon"}}"#,
                "soon"
            ),
        ])
    func bad(body: String, expected: String) async throws {
        let good = self.event("EC2 Instance Rebalance Recommendation", #"{"instance-id":"i-1"}"#)
        let world = ScriptedWorld([self.messages([body, good]), (200, "{}"), (200, "")])
        let queue = try self.queue(world)
        let batch = try await queue.receive()
        #expect(batch.notices.map(\.machine.rawValue) == ["i-1"])
        let problem = try #require(batch.problems.first)
        #expect(problem.hasPrefix("message m0: ") && problem.contains(expected), "\(problem)")
        try await queue.acknowledge(batch)
        #expect(await world.transport.requests.count == 3)
    }

    @Test("receiving asks for ten messages and waits; what cannot be removed does not keep the rest")
    func calls() async throws {
        let refused = #"{"__type":"com.amazonaws.sqs#ReceiptHandleIsInvalid","message":"m"}"#
        let world = ScriptedWorld([self.messages(["", ""]), (400, refused), (200, "{}"), (200, "{}")])
        let queue = try self.queue(world)
        let batch = try await queue.receive(waitSeconds: 5)
        let error = await #expect(throws: AWSError.self) { try await queue.acknowledge(batch) }
        #expect(error?.description.contains("ReceiptHandleIsInvalid") == true)
        #expect(try await queue.receive().messageCount == 0)
        let requests = await world.transport.requests
        #expect(
            requests.map { $0.headers["x-amz-target"] } == [
                "AmazonSQS.ReceiveMessage", "AmazonSQS.DeleteMessage", "AmazonSQS.DeleteMessage",
                "AmazonSQS.ReceiveMessage",
            ])
        let asked = try #require(JSONTree(parsing: await world.transport.forms[0]))
        #expect(asked["MaxNumberOfMessages"] == 10 && asked["WaitTimeSeconds"] == 5)
        #expect(asked["QueueUrl"]?.string == "https://sqs.us-east-1.amazonaws.com/1/berth")
        #expect(requests[0].headers["authorization"]?.contains("/us-east-1/sqs/aws4_request") == true)
    }
}
