import HTTPTransport

/// Gives the answers it was told, in order, and keeps what it was asked.
actor ScriptedTransport: HTTPTransport {
    private var answers: [(status: Int, body: String)]
    private(set) var requests: [HTTPRequest] = []

    init(_ answers: [(status: Int, body: String)]) { self.answers = answers }

    /// The form of each request so far.
    var forms: [String] { self.requests.map { String(decoding: $0.body, as: UTF8.self) } }

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        self.requests.append(request)
        guard !self.answers.isEmpty else { throw HTTPTransportError(.connectionLost, "no more answers") }
        let answer = self.answers.removeFirst()
        let piece = OnePiece(Array(answer.body.utf8))
        return HTTPResponse(
            status: answer.status, body: HTTPBody { () async throws(HTTPTransportError) in await piece.take() })
    }
}

private actor OnePiece {
    private var bytes: [UInt8]?

    init(_ bytes: [UInt8]) { self.bytes = bytes.isEmpty ? nil : bytes }

    func take() -> [UInt8]? {
        defer { self.bytes = nil }
        return self.bytes
    }
}
