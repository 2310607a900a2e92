import HTTPTransport
import Synchronization
import Testing

@testable import Berth

@Suite("berth explain")
struct ExplainCommandTests {
    /// Answers everything alike, and remembers what was asked.
    private final class OneAnswer: HTTPTransport {
        private let status: Int
        private let text: String
        private let pending: Int
        private let targets = Mutex<[String]>([])

        init(_ status: Int, _ text: String, pending: Int) {
            self.status = status
            self.text = text
            self.pending = pending
        }

        var asked: [String] { self.targets.withLock { $0 } }

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            self.targets.withLock { $0.append("\(request.method) \(request.target)") }
            if self.status == 0 { throw HTTPTransportError(.connectFailed) }
            let chunk = Mutex<[UInt8]?>(Array(self.text.utf8))
            return HTTPResponse(
                status: self.status, headers: ["Berth-Pending-Pods": "\(self.pending)"],
                body: HTTPBody { () throws(HTTPTransportError) in
                    chunk.withLock { chunk in
                        defer { chunk = nil }
                        return chunk
                    }
                })
        }
    }

    @Test(
        "tells what the controller says, and ends as it should where there is nothing to tell",
        arguments: [
            (200, "ml/p waits: 3 GPUs short\n", 1, 3), (200, "ml/p runs\n", 0, 0),
            (404, "no pod or group ml/p\n", 0, 65),
            (503, "no plan yet\n", 0, 69), (0, "", 0, 69),
        ] as [(Int, String, Int, Int32)])
    func controller(status: Int, text: String, pending: Int, expected: Int32) async {
        let transport = OneAnswer(status, text, pending: pending)
        let response = await ExplainCommand.ask(transport, "ml/p", at: "http://c")
        #expect(transport.asked == ["GET /explain/ml/p"])
        #expect(response.status.rawValue == expected)
        #expect(response.standardOutput == (status == 200 ? text : ""))
        #expect(response.standardError.isEmpty == (status == 200))
    }
}
