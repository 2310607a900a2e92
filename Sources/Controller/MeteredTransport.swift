import HTTPTransport
import KubernetesClient

/// Counts the calls of the API server by verb and by how they ended.
struct MeteredTransport: HTTPTransport {
    let inner: any HTTPTransport
    let metrics: Metrics

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        let verb = Self.verb(request.method, request.target)
        do throws(HTTPTransportError) {
            let response = try await self.inner.send(request)
            self.metrics.add(.apiRequests, [verb, String(response.status)])
            return response
        } catch {
            self.metrics.add(.apiRequests, [verb, "error"])
            throw error
        }
    }

    /// As RBAC has it: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`.
    static func verb(_ method: String, _ target: String) -> String {
        switch method {
        case "POST": return "create"
        case "PUT": return "update"
        case "PATCH": return "patch"
        case "DELETE": return "delete"
        default: break
        }
        let halves = target.split(separator: "?", maxSplits: 1)
        let options = halves.count > 1 ? halves[1].split(separator: "&") : []
        if options.contains(where: { $0 == "watch=true" || $0 == "watch=1" }) { return "watch" }
        var parts = halves.first?.split(separator: "/").dropFirst() ?? []
        // The version, or the group and the version.
        parts = parts.dropFirst(target.hasPrefix("/apis/") ? 2 : 1)
        if parts.first == "namespaces", parts.count > 2 { parts = parts.dropFirst(2) }
        return parts.count == 1 ? "list" : "get"
    }
}

extension KubernetesClient {
    /// The same client, with its calls counted.
    func metered(by metrics: Metrics) -> KubernetesClient {
        self.sending { MeteredTransport(inner: $0, metrics: metrics) }
    }
}
