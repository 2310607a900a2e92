import KubernetesAPI

/// The SQS queue that EventBridge writes EC2's warnings to.
///
/// Protocol of use: 1. `receive`, again and again: it waits itself; 2. act on the notices; 3. `acknowledge`. What is not
/// acknowledged comes again after the queue's visibility timeout, so a crash between 1 and 3 loses nothing, and a notice may come twice.
public struct NoticeQueue: Sendable {
    /// What one call brought.
    public struct Batch: Sendable {
        /// In the order of the messages.
        public var notices: [CloudNotice] = []
        /// Messages that could not be read: which, what was found, what was expected. They are acknowledged with the others, or
        /// they would come again for ever.
        public var problems: [String] = []
        fileprivate var receipts: [String] = []

        /// Messages, readable or not.
        public var messageCount: Int { self.receipts.count }
    }

    private let client: AWSServiceClient
    private let queueURL: String

    /// - Parameter queueURL: `https://sqs.eu-west-1.amazonaws.com/123456789012/berth`; in the account's region.
    public init(account: AWSAccount, queueURL: String) throws(AWSError) {
        self.client = try account.client(.sqs)
        self.queueURL = queueURL
    }

    /// Waits for messages; an empty batch says that none came.
    ///
    /// - Parameter waitSeconds: 0 to 20.
    public func receive(waitSeconds: Int = 20) async throws(AWSError) -> Batch {
        let answer = try await self.client.send(
            target: "AmazonSQS.ReceiveMessage",
            [
                "QueueUrl": .string(self.queueURL), "MaxNumberOfMessages": 10,
                "WaitTimeSeconds": .integer(Int64(waitSeconds)),
            ])
        var batch = Batch()
        for message in answer["Messages"]?.elements ?? [] {
            let name = message["MessageId"]?.string ?? "without MessageId"
            if let receipt = message["ReceiptHandle"]?.string { batch.receipts.append(receipt) }
            do throws(EventBridgeEvent.Problem) {
                batch.notices += try EventBridgeEvent.notices(in: message["Body"]?.string ?? "")
            } catch { batch.problems.append("message \(name): \(error.text)") }
        }
        return batch
    }

    /// Removes a batch's messages from the queue.
    ///
    /// - Throws: The first failure, after the others were tried; what is left comes again.
    public func acknowledge(_ batch: Batch) async throws(AWSError) {
        var failure: AWSError?
        for receipt in batch.receipts {
            do throws(AWSError) {
                _ = try await self.client.send(
                    target: "AmazonSQS.DeleteMessage",
                    ["QueueUrl": .string(self.queueURL), "ReceiptHandle": .string(receipt)])
            } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }
}
