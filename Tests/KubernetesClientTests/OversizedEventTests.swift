import FakeKubernetesAPI
import HTTPTransport
import KubernetesAPI
import Synchronization
import Testing

@testable import KubernetesClient

@Suite("Events beyond the limit")
struct OversizedEventTests {
    /// What a reflector has told, object by object.
    private final class Kept: Sendable {
        struct State {
            /// The annotation's length by pod.
            var sizes: [String: Int]?
            var lists = 0
            var unreadable: [String] = []
        }

        private let state = Mutex(State())
        var now: State { self.state.withLock { $0 } }

        func take(_ change: ReflectorChange) {
            self.state.withLock { state in
                switch change {
                case .replaced(let list):
                    state.sizes = Dictionary(list.objects.map { ($0.key.name, Self.size($0)) }) { $1 }
                    state.lists += 1
                case .upserted(let object): state.sizes?[object.key.name] = Self.size(object)
                case .removed(let object): state.sizes?[object.key.name] = nil
                case .unreadable(let what): state.unreadable.append(what)
                case .checked, .failed: break
                }
            }
        }

        private static func size(_ object: ManifestObject) -> Int {
            object.value["metadata"]?["annotations"]?["note"]?.string?.count ?? 0
        }
    }

    private static let limit = 4096

    private func follow(_ world: World, _ body: (Kept) async throws -> Void) async throws {
        let kept = Kept()
        let reflector = Reflector(world.client, .pods)
        let running = Task { await reflector.run { kept.take($0) } }
        try await body(kept)
        running.cancel()
        await running.value
        #expect(world.transport.server.openWatchCount == 0)
    }

    private func annotate(_ world: World, _ pod: String, _ size: Int) async throws {
        let annotations: JSONTree = ["note": .string(String(repeating: "x", count: size))]
        try await world.client.patch(.pod("default", pod), .merge, ["metadata": ["annotations": annotations]])
    }

    @Test("the object is read by itself, the stream goes on, and nothing is listed anew")
    func goesOn() async throws {
        let world = World(eventLimit: Self.limit)
        try await world.makePods("a", "b")
        try await self.follow(world) { (kept: Kept) async throws in
            #expect(try await eventually { kept.now.sizes?.count == 2 })
            try await self.annotate(world, "a", 5000)
            #expect(try await eventually { kept.now.sizes == ["a": 5000, "b": 0] })
            try await world.makePods("c")
            try await self.annotate(world, "b", 10)
            #expect(try await eventually { kept.now.sizes == ["a": 5000, "b": 10, "c": 0] })
            try await world.client.delete(.pod("default", "a"))
            #expect(try await eventually { kept.now.sizes == ["b": 10, "c": 0] })
            #expect(kept.now.lists == 1)
            // The annotation and the deletion.
            #expect(kept.now.unreadable.count >= 2)
            #expect(kept.now.unreadable.allSatisfy { $0.contains("of default/a") })
        }
        // One watch from the beginning to the end.
        #expect(world.transport.requests.count { $0.contains("watch=true") } == 1)
    }

    @Test("a streaming list reads by itself what is too long for it")
    func streamingList() async throws {
        let world = World(eventLimit: Self.limit)
        try await world.makePods("a", "b")
        try await self.annotate(world, "a", 5000)
        try await self.follow(world) { (kept: Kept) async throws in
            #expect(try await eventually { kept.now.sizes == ["a": 5000, "b": 0] })
            #expect(kept.now.lists == 1)
        }
    }

    @Test("where the object cannot be read by itself, a fresh list shows it")
    func fallsBack() async throws {
        let world = World(eventLimit: Self.limit)
        try await world.makePods("a")
        try await self.follow(world) { (kept: Kept) async throws in
            #expect(try await eventually { kept.now.sizes?.count == 1 })
            world.transport.add(.answer(403), to: "GET", "/pods/a")
            try await self.annotate(world, "a", 5000)
            #expect(try await eventually { kept.now.sizes == ["a": 5000] })
            #expect(kept.now.lists == 2)
        }
    }

    @Test(
        "the beginning of an event tells whose it is, wherever it breaks off and in whatever order its fields are",
        arguments: [
            #"{"type":"MODIFIED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"n","uid":"u","resourceVersion":"7","labels":{"name":"x"},"ann"#,
            #"{"object":{"apiVersion":"x/v1","kind":"X","metadata":{"annotations":{"a\"b":"{\"name\":1}","name":"no"},"finalizers":["name","x"],"name":"\u0061","managedFields":[{"name":"z","uid":{"k":"v"}}],"namespace":"n","resourceVersion":"7","uid":"u"},"spec":{}},"type":"MODIFIED"}"#,
        ])
    func beginning(text: String) {
        let event = OversizedEvent(beginning: Array(text.utf8), byteCount: 1 << 30)
        #expect(event.type == "MODIFIED")
        #expect(event.key == ManifestObject.Key(namespace: "n", name: "a"))
        #expect(event.uid == "u")
        #expect(event.resourceVersion == "7")
        // Every shorter beginning is read without trouble, and never says something else.
        for count in 0..<text.utf8.count {
            let shorter = OversizedEvent(beginning: Array(text.utf8.prefix(count)), byteCount: 1 << 30)
            #expect(shorter.name == nil || shorter.name == "a")
        }
    }
}
