import FakeKubernetesAPI
import HTTPTransport
import KubernetesAPI
import Testing

@Suite("The simulated garbage collector")
struct GarbageCollectorTests {
    var server = FakeAPIServer(now: { 1_764_000_000 })
    var collector = SimulatedGarbageCollector()
    static let maps = "/api/v1/namespaces/default/configmaps"

    @discardableResult
    mutating func ask(_ method: String, _ target: String, _ body: JSONTree? = nil) -> JSONTree {
        let request = HTTPRequest(
            method: method, target: target, headers: ["Content-Type": "application/json"], body: body?.bytes ?? [])
        guard case .answer(_, let answer) = self.server.handle(request) else { return .null }
        return answer
    }

    /// Returns its uid.
    mutating func create(_ name: String, ownedBy owners: [JSONTree] = [], blocks: Bool = true) -> JSONTree {
        let references = owners.map { uid -> JSONTree in
            [
                "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid,
                "blockOwnerDeletion": .boolean(blocks),
            ]
        }
        let map: JSONTree = ["metadata": ["name": .string(name), "ownerReferences": .array(references)]]
        return self.ask("POST", Self.maps, map)["metadata"]?["uid"] ?? .null
    }

    mutating func settle() { for _ in 0..<5 { self.collector.step(&self.server) } }

    var names: [String] { self.server.objects(kind: "ConfigMap").compactMap { $0["metadata"]?["name"]?.string } }

    @Test("background: what a deleted object alone owned goes after it, down the chain; a second owner keeps an object")
    mutating func background() {
        let (first, second) = (self.create("first"), self.create("second"))
        let child = self.create("child", ownedBy: [first])
        _ = self.create("grandchild", ownedBy: [child])
        _ = self.create("shared", ownedBy: [first, second])
        self.settle()
        #expect(self.names == ["child", "first", "grandchild", "second", "shared"])
        self.ask("DELETE", Self.maps + "/first")
        self.settle()
        #expect(self.names == ["second", "shared"])
    }

    @Test("foreground: the owner waits for what blocks it")
    mutating func foreground() {
        let owner = self.create("owner")
        _ = self.create("held", ownedBy: [owner])
        let hold: JSONTree = ["metadata": ["finalizers": ["x.dev/hold"]]]
        let patch = { (body: JSONTree) in
            HTTPRequest(
                method: "PATCH", target: Self.maps + "/held",
                headers: ["Content-Type": "application/merge-patch+json"], body: body.bytes)
        }
        _ = self.server.handle(patch(hold))
        self.ask("DELETE", Self.maps + "/owner", ["propagationPolicy": "Foreground"])
        self.settle()
        #expect(self.names == ["held", "owner"])
        _ = self.server.handle(patch(["metadata": ["finalizers": .null]]))
        self.settle()
        #expect(self.names.isEmpty)
    }

    @Test("orphan: what the owner had stays, and names it no more")
    mutating func orphan() {
        let owner = self.create("owner")
        _ = self.create("child", ownedBy: [owner])
        self.ask("DELETE", Self.maps + "/owner", ["propagationPolicy": "Orphan"])
        self.settle()
        #expect(self.names == ["child"])
        #expect(self.ask("GET", Self.maps + "/child")["metadata"]?["ownerReferences"] == nil)
    }
}
