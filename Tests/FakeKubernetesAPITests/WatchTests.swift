import FakeKubernetesAPI
import HTTPTransport
import KubernetesAPI
import Synchronization
import Testing

@Suite("The fake API server: watches, forms of an answer and discovery")
struct WatchTests {
    final class Clock: Sendable {
        private let time = Mutex<Int64>(1_764_000_000)
        var seconds: Int64 { self.time.withLock { $0 } }
        func advance(_ seconds: Int64) { self.time.withLock { $0 += seconds } }
    }

    let clock: Clock
    var server: FakeAPIServer
    static let metadataOnly = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
    static let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

    init() {
        let clock = Clock()
        self.clock = clock
        self.server = FakeAPIServer(now: { clock.seconds })
    }

    mutating func open(_ target: String, accept: String = "application/json") throws -> WatchSubscription {
        let response = self.server.respond(to: HTTPRequest(target: target, headers: ["Accept": accept]))
        guard case .watch(let watch) = response.body else { throw HTTPTransportError(.protocolViolation, target) }
        return watch
    }

    mutating func ask(
        _ target: String, _ headers: HTTPHeaders = [:], method: String = "GET", body: String = ""
    ) -> (status: Int, headers: HTTPHeaders, text: String) {
        let response = self.server.respond(
            to: HTTPRequest(method: method, target: target, headers: headers, body: Array(body.utf8)))
        guard case .bytes(let bytes) = response.body else { return (0, [:], "") }
        return (response.status, response.headers, String(decoding: bytes, as: UTF8.self))
    }

    mutating func create(_ name: String, in namespace: String = "default") {
        let answer = self.ask(
            "/api/v1/namespaces/\(namespace)/configmaps", method: "POST", body: #"{"metadata":{"name":"\#(name)"}}"#)
        #expect(answer.status == 201)
    }

    @Test("a progress bookmark comes two seconds before the end, and only if the type moved on unseen")
    mutating func progress() throws {
        let target =
            "/api/v1/namespaces/default/configmaps?watch=1&allowWatchBookmarks=true&timeoutSeconds=8"
            + "&resourceVersion=\(self.server.resourceVersion)"
        var told = try self.open(target)
        self.create("elsewhere", in: "kube-system")
        var quiet = try self.open(
            target.replacing(/resourceVersion=.*/, with: "resourceVersion=\(self.server.resourceVersion)"))
        self.clock.advance(5)
        #expect(self.server.events(for: &told).isEmpty)
        self.clock.advance(1)
        #expect(self.server.events(for: &told).map { $0["type"] } == ["BOOKMARK"])
        #expect(self.server.events(for: &quiet).isEmpty)
        self.clock.advance(2)
        #expect(self.server.events(for: &told).isEmpty)
        #expect(told.isEnded)
    }

    @Test("a watch of metadata has metadata in its events, its bookmarks too")
    mutating func metadataWatch() throws {
        self.create("a")
        var watch = try self.open(
            "/api/v1/configmaps?watch=1&allowWatchBookmarks=true", accept: Self.metadataOnly)
        let events = self.server.events(for: &watch)
        #expect(events.map { $0["type"] } == ["ADDED", "BOOKMARK"])
        #expect(events.allSatisfy { $0["object"]?["kind"] == "PartialObjectMetadata" })
    }

    @Test("a watch of tables tells the columns once")
    mutating func tableWatch() throws {
        self.create("a")
        self.create("b")
        var watch = try self.open("/api/v1/configmaps?watch=1", accept: "application/json;as=Table;v=v1;g=meta.k8s.io")
        let tables = self.server.events(for: &watch).map { $0["object"] }
        #expect(tables.map { $0?["kind"] } == ["Table", "Table"])
        #expect(tables[0]?["columnDefinitions"]?.elements.isEmpty == false)
        #expect(tables[1]?["columnDefinitions"] == .null)
    }

    @Test("a deleted pod is marked and then gone; with a finalizer it goes when that is taken off")
    mutating func deletion() throws {
        let pods = "/api/v1/namespaces/default/pods"
        let rest = #""spec":{"containers":[{"name":"m","image":"i"}]}}"#
        _ = self.ask(pods, method: "POST", body: #"{"metadata":{"name":"a"},"# + rest)
        _ = self.ask(pods, method: "POST", body: #"{"metadata":{"name":"b","finalizers":["x.dev/hold"]},"# + rest)
        var watch = try self.open("\(pods)?watch=1&resourceVersion=\(self.server.resourceVersion)")
        _ = self.ask("\(pods)/a", method: "DELETE")
        _ = self.ask("\(pods)/b", method: "DELETE")
        let patch = self.ask(
            "\(pods)/b", ["Content-Type": "application/merge-patch+json"], method: "PATCH",
            body: #"{"metadata":{"finalizers":null}}"#)
        #expect(patch.status == 200)
        let events = self.server.events(for: &watch)
        #expect(events.map { $0["type"] } == ["MODIFIED", "DELETED", "MODIFIED", "DELETED"])
        #expect(events[0]["object"]?["metadata"]?["deletionTimestamp"] != nil)
        #expect(self.ask("\(pods)/b").status == 404)
    }

    @Test("the old paths of watches still watch, all objects or one")
    mutating func oldPaths() throws {
        self.create("a")
        self.create("b")
        var one = try self.open("/api/v1/watch/namespaces/default/configmaps/a")
        #expect(self.server.events(for: &one).map { $0["object"]?["metadata"]?["name"] } == ["a"])
        var all = try self.open("/api/v1/watch/configmaps")
        #expect(self.server.events(for: &all).count == 2)
    }

    @Test(
        "options that no watch can have are refused",
        arguments: [
            ("sendInitialEvents=true", 422), ("sendInitialEvents=true&resourceVersionMatch=Exact", 422),
            ("resourceVersionMatch=NotOlderThan&resourceVersion=5", 422), ("timeoutSeconds=x", 400),
            ("resourceVersion=abc", 500),
        ])
    mutating func refused(options: String, status: Int) {
        #expect(self.ask("/api/v1/pods?watch=true&\(options)").status == status)
    }

    @Test(
        "the first form that is both asked for and known is taken",
        arguments: [
            ("", 200, "application/json"), ("*/*", 200, "application/json"),
            ("application/yaml", 200, "application/yaml"),
            ("application/xml, application/json;q=0.1", 200, "application/json"),
            ("application/json;q=0.1, application/yaml;q=0.2", 200, "application/yaml"),
            ("application/vnd.kubernetes.protobuf,application/json", 200, "application/json"),
            ("application/vnd.kubernetes.protobuf", 501, "application/json"), ("text/html", 406, "application/json"),
            ("application/*", 406, "application/json"),
        ])
    mutating func accept(accept: String, status: Int, type: String) {
        let answer = self.ask("/api/v1/namespaces/default", accept.isEmpty ? [:] : ["Accept": accept])
        #expect(answer.status == status)
        #expect(answer.headers["Content-Type"] == type)
    }

    @Test("aggregated discovery lists resources with their subresources, and is not sent again under its tag")
    mutating func aggregated() {
        let first = self.ask("/apis", ["Accept": Self.aggregated])
        let groups = JSONTree(parsing: first.text)?["items"]?.elements ?? []
        let apps = groups.first { $0["metadata"]?["name"] == "apps" }
        let resources = apps?["versions"]?.elements.first?["resources"]?.elements ?? []
        let deployments = resources.first { $0["resource"] == "deployments" }
        #expect(deployments?["subresources"]?.elements.map { $0["subresource"] } == ["scale", "status"])
        #expect(deployments?["shortNames"] == ["deploy"])
        #expect(!first.text.contains("podgroups"), "what is not served is absent")
        let again = self.ask("/apis", ["Accept": Self.aggregated, "If-None-Match": first.headers["ETag"] ?? ""])
        #expect(again.status == 304)
        #expect(again.text.isEmpty)
    }

    @Test("health and unknown paths are plain text; an unknown version of a known group is a Status")
    mutating func plain() {
        #expect(self.ask("/readyz").text == "ok")
        #expect(self.ask("/nowhere").headers["Content-Type"] == "text/plain; charset=utf-8")
        #expect(self.ask("/apis/apps/v9").headers["Content-Type"] == "application/json")
        #expect(self.ask("/apis/apps/v9").status == 404)
    }

    @Test("a field that is dropped is warned of, each by its own header, unless the caller wants no warnings")
    mutating func warnings() {
        let pod = #"{"metadata":{"name":"NAME"},"spec":{"gpus":1,"more":2,"containers":[{"name":"m","image":"i"}]}}"#
        let path = "/api/v1/namespaces/default/pods"
        let warned = self.ask(path, method: "POST", body: pod.replacing("NAME", with: "a"))
        #expect(
            warned.headers.fields.filter { $0.name == "Warning" }.map(\.value) == [
                #"299 - "unknown field \"spec.gpus\"""#, #"299 - "unknown field \"spec.more\"""#,
            ])
        let quiet = self.ask(
            path + "?fieldValidation=Ignore", method: "POST", body: pod.replacing("NAME", with: "b"))
        #expect(quiet.status == 201)
        #expect(quiet.headers["Warning"] == nil)
    }
}
