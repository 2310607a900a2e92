import HTTPTransport
import KubernetesAPI

/// Signed calls of one service in one region.
///
/// A call is sent once; only where the service says that the credentials have run out it is signed anew and sent again.
struct AWSServiceClient: Sendable {
    private static let answerLimit = 64 << 20

    let transport: any HTTPTransport
    /// As the `Host` field has it: with the port where it is not the scheme's own.
    let host: String
    let service: AWSService
    let region: String
    /// Nil for calls that nobody signs.
    let credentials: (any AWSCredentialSource)?
    /// Seconds since 1970.
    let now: @Sendable () -> Int64
    var limits = HTTPTimeLimits(total: .seconds(60))

    static func host(ofServer server: String) -> String {
        let scheme = server.firstRange(of: "://")
        let authority = server[(scheme?.upperBound ?? server.startIndex)...].prefix { $0 != "/" }
        let ownPort = server.hasPrefix("https") ? ":443" : ":80"
        return String(authority.hasSuffix(ownPort) ? authority.dropLast(ownPort.count) : authority)
    }

    // MARK: The three kinds of interface

    /// A form in, XML out: EC2, STS, Auto Scaling.
    func send(_ query: AWSQuery) async throws(AWSError) -> XMLElement {
        let bytes = try await self.send(
            "POST", "/", headers: ["content-type": AWSQuery.contentType], body: query.body, error: Self.errorInXML)
        guard let root = XMLElement(parsing: bytes) else {
            throw .unreadable("\(self.service.rawValue): \(bytes.count) bytes that are no XML")
        }
        return root
    }

    /// JSON to `/`, the operation in a header: SQS.
    func send(target: String, _ body: JSONTree) async throws(AWSError) -> JSONTree {
        let headers: HTTPHeaders = ["content-type": "application/x-amz-json-1.0", "x-amz-target": target]
        return try self.json(
            try await self.send("POST", "/", headers: headers, body: body.bytes, error: Self.errorInJSON))
    }

    /// JSON to a path: EKS.
    func send(_ method: String, _ path: String, _ body: JSONTree?) async throws(AWSError) -> JSONTree {
        let headers: HTTPHeaders = body == nil ? [:] : ["content-type": "application/json"]
        return try self.json(
            try await self.send(method, path, headers: headers, body: body?.bytes ?? [], error: Self.errorInJSON))
    }

    private func json(_ bytes: [UInt8]) throws(AWSError) -> JSONTree {
        if bytes.isEmpty { return [:] }
        guard let document = bytes.withUnsafeBytes({ try? JSONDocument(parsing: $0) }) else {
            throw .unreadable("\(self.service.rawValue): \(bytes.count) bytes that are no JSON")
        }
        return JSONTree(document.root)
    }

    // MARK: Sending

    private typealias ErrorReader = ([UInt8], HTTPHeaders) -> (code: String, message: String)?

    private func send(
        _ method: String, _ path: String, headers: HTTPHeaders, body: [UInt8], error reader: ErrorReader
    ) async throws(AWSError) -> [UInt8] {
        do {
            return try await self.sendOnce(method, path, headers: headers, body: body, error: reader)
        } catch {
            guard error.isExpiredCredentials, let credentials = self.credentials else { throw error }
            await credentials.forget()
            return try await self.sendOnce(method, path, headers: headers, body: body, error: reader)
        }
    }

    private func sendOnce(
        _ method: String, _ path: String, headers: HTTPHeaders, body: [UInt8], error reader: ErrorReader
    ) async throws(AWSError) -> [UInt8] {
        var headers = headers
        headers["host"] = self.host
        if let credentials = self.credentials {
            let signature = SignatureV4(
                credentials: try await credentials.credentials(), region: self.region, service: self.service.rawValue)
            headers = signature.signed(
                headers, method: method, path: path, body: body, timestamp: AWSTime.timestamp(self.now()))
        }
        // Not signed: proxies on the way may change them.
        headers["user-agent"] = "berth"
        let request = HTTPRequest(method: method, target: path, headers: headers, body: body, limits: self.limits)
        let (status, answer, answerHeaders) = try await Self.exchange(request, over: self.transport)
        guard !(200..<300).contains(status) else { return answer }
        let error = reader(answer, answerHeaders) ?? (code: "HTTP", message: "no error code in \(answer.count) bytes")
        throw .refused(code: error.code, message: error.message, status: status)
    }

    static func exchange(
        _ request: HTTPRequest, over transport: any HTTPTransport
    ) async throws(AWSError) -> (status: Int, body: [UInt8], headers: HTTPHeaders) {
        do throws(HTTPTransportError) {
            let response = try await transport.send(request)
            return (response.status, try await response.body.collect(upTo: Self.answerLimit), response.headers)
        } catch { throw .unreachable(error) }
    }

    // MARK: Errors

    private static func errorInXML(_ bytes: [UInt8], _: HTTPHeaders) -> (code: String, message: String)? {
        guard let error = XMLElement(parsing: bytes)?.first("Error"), let code = error.text("Code") else { return nil }
        return (code, error.text("Message") ?? "")
    }

    /// The code may carry a namespace before it or an address behind it: `com.amazonaws.sqs#QueueDoesNotExist`.
    private static func errorInJSON(_ bytes: [UInt8], _ headers: HTTPHeaders) -> (code: String, message: String)? {
        let document = bytes.withUnsafeBytes { try? JSONDocument(parsing: $0) }
        let root = document.map { JSONTree($0.root) }
        guard let type = headers["x-amzn-errortype"] ?? root?["__type"]?.string ?? root?["code"]?.string else {
            return nil
        }
        let code = (type.split(separator: "#").last ?? "").prefix { $0 != ":" }
        return (String(code), (root?["message"] ?? root?["Message"])?.string ?? "")
    }
}
