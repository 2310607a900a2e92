public import HTTPTransport

/// AWS Signature Version 4 for requests without a query.
///
/// - SeeAlso: "Create a signed AWS API request" in the IAM User Guide; tests hold AWS's own test vectors.
public struct SignatureV4: Sendable {
    let credentials: AWSCredentials
    let region: String
    let service: String

    public init(credentials: AWSCredentials, region: String, service: String) {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// - Parameters:
    ///   - path: As it is sent, percent-encoded; its escapes are escaped once more in what is signed, as AWS wants it of all
    ///     services but S3.
    ///   - headers: `host` must be among them; all are signed.
    ///   - timestamp: UTC, as `20150830T123600Z`.
    /// - Returns: The headers with `x-amz-date`, the session token where there is one, and `authorization`.
    public func signed(
        _ headers: HTTPHeaders, method: String = "POST", path: String = "/", body: [UInt8], timestamp: String
    ) -> HTTPHeaders {
        var headers = headers
        headers["x-amz-date"] = timestamp
        if let token = self.credentials.sessionToken { headers["x-amz-security-token"] = token }
        let fields = headers.fields.map { (name: $0.name.lowercased(), value: Self.trimmed($0.value)) }
            .sorted { $0.name < $1.name }
        let names = fields.map(\.name).joined(separator: ";")
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
            .map { AWSPercentEncoding.encode(String($0)) }
        let canonical =
            ([method, segments.joined(separator: "/"), ""] + fields.map { "\($0.name):\($0.value)" }
            + ["", names, SHA256Digest.hex(SHA256Digest.hash(body))]).joined(separator: "\n")
        let day = String(timestamp.prefix(8))
        let scope = "\(day)/\(self.region)/\(self.service)/aws4_request"
        let digest = SHA256Digest.hex(SHA256Digest.hash(Array(canonical.utf8)))
        let text = "AWS4-HMAC-SHA256\n\(timestamp)\n\(scope)\n\(digest)"
        let signature = SHA256Digest.authenticationCode(Array(text.utf8), key: self.key(day: day))
        headers["authorization"] =
            "AWS4-HMAC-SHA256 Credential=\(self.credentials.accessKeyID)/\(scope), SignedHeaders=\(names), "
            + "Signature=\(SHA256Digest.hex(signature))"
        return headers
    }

    private func key(day: String) -> [UInt8] {
        [day, self.region, self.service, "aws4_request"].reduce(Array("AWS4\(self.credentials.secretAccessKey)".utf8)) {
            SHA256Digest.authenticationCode(Array($1.utf8), key: $0)
        }
    }

    /// Without spaces at the ends, and with one where there were several.
    private static func trimmed(_ value: String) -> String {
        value.split(separator: " ").joined(separator: " ")
    }
}
