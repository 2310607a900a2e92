public import HTTPTransport
import KubernetesAPI

extension FakeAPIServer {
    /// An answer as it goes over the wire.
    public struct Response: Sendable {
        public enum Body: Sendable {
            case bytes([UInt8])
            /// A stream was opened; read it with `events(for:)`, one event a line.
            case watch(WatchSubscription)
        }

        public let status: Int
        public let headers: HTTPHeaders
        public let body: Body
    }

    /// Answers a request with the headers that a real server sends: content type, entity tag, warnings, when to try again.
    public mutating func respond(to request: HTTPRequest) -> Response {
        let (parts, _) = RequestTarget.split(request.target)
        let isDiscovery = request.method == "GET" && parts.count == 1 && ["api", "apis"].contains(parts[0])
        let choice = MediaNegotiation(accept: request.headers["Accept"], isDiscovery: isDiscovery)
        var headers = HTTPHeaders()
        self.warnings = []
        self.answersProtobuf = false
        switch self.handle(request) {
        case .watch(let watch):
            headers.add(
                "Content-Type", watch.isProtobuf ? "\(KubernetesProtobuf.mediaType);stream=watch" : "application/json")
            return Response(status: 200, headers: headers, body: .watch(watch))
        // What is no API object comes as plain text.
        case .answer(let status, .string(let text)):
            headers.add("Content-Type", "text/plain; charset=utf-8")
            return Response(status: status, headers: headers, body: .bytes(Array(text.utf8)))
        case .answer(let status, .null): return Response(status: status, headers: headers, body: .bytes([]))
        case .answer(let status, let body):
            let protobuf = self.answersProtobuf ? KubernetesProtobuf.encoded(body) : nil
            let bytes = protobuf ?? Array(body.text.utf8)
            if isDiscovery, choice?.isAggregatedDiscovery ?? false, status == 200 {
                let tag = Self.entityTag(bytes)
                headers.add("ETag", tag)
                if request.headers["If-None-Match"] == tag {
                    return Response(status: 304, headers: headers, body: .bytes([]))
                }
                headers.add("Content-Type", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
            } else {
                let isYAML = choice?.encoding == .yaml
                headers.add(
                    "Content-Type",
                    protobuf != nil ? KubernetesProtobuf.mediaType : isYAML ? "application/yaml" : "application/json")
            }
            for warning in self.warnings where status < 300 {
                headers.add("Warning", "299 - \"\(warning.replacing("\"", with: "\\\""))\"")
            }
            if let wait = body["details"]?["retryAfterSeconds"]?.integer, wait > 0, status >= 400 {
                headers.add("Retry-After", String(wait))
            }
            if status == 401 { headers.add("WWW-Authenticate", #"Bearer realm="kubernetes-master""#) }
            return Response(status: status, headers: headers, body: .bytes(bytes))
        }
    }

    /// FNV-1a over the answer: equal answers have equal tags.
    private static func entityTag(_ bytes: [UInt8]) -> String {
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        return "\"\(String(hash, radix: 16, uppercase: true))\""
    }
}
