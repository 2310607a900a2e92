import HTTPTransport
import KubernetesAPI
import Synchronization
import Testing

@testable import KubernetesClient

/// A short form of `ClientBenchmarks soak`, which runs a million events over a socket.
@Suite("A long watch")
struct SoakTests {
    private static let podCount = 100
    private static let eventCount = 20_000

    /// A streaming list of pods, and then changes of them, fifty to a piece: of ten, eight updates, one that goes and one that comes back.
    private final class ChurnTransport: HTTPTransport {
        private let next = Mutex(-1)

        private static func event(_ type: String, pod: Int, version: Int) -> String {
            let padding = String(repeating: "x", count: 1000)
            let metadata =
                #"{"name":"p\#(pod)","namespace":"ml","uid":"u\#(pod)","resourceVersion":"\#(version)","#
                + #""managedFields":[{"manager":"\#(padding)"}],"labels":{"app":"x"}}"#
            let object = #"{"kind":"Pod","apiVersion":"v1","metadata":\#(metadata),"spec":{"nodeName":"n"}}"#
            return #"{"type":"\#(type)","object":\#(object)}"# + "\n"
        }

        private static func change(_ number: Int) -> String {
            let type = number % 10 == 8 ? "DELETED" : number % 10 == 9 ? "ADDED" : "MODIFIED"
            let pod = (number % 10 == 9 ? number - 1 : number) * 7919 % podCount
            return Self.event(type, pod: pod, version: 1001 + number)
        }

        private static var list: String {
            let annotations = #"{"k8s.io/initial-events-end":"true"}"#
            let metadata = #"{"resourceVersion":"1000","annotations":\#(annotations)}"#
            return (0..<podCount).map { Self.event("ADDED", pod: $0, version: 1000) }.joined()
                + #"{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":\#(metadata)}}"# + "\n"
        }

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            HTTPResponse(
                status: 200,
                body: HTTPBody { () async throws(HTTPTransportError) in
                    let piece = self.next.withLock { next in
                        defer { next += 1 }
                        return next
                    }
                    if piece < 0 { return Array(Self.list.utf8) }
                    guard piece * 50 < eventCount else {
                        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
                        throw HTTPTransportError(.cancelled)
                    }
                    return Array((piece * 50..<piece * 50 + 50).map(Self.change).joined().utf8)
                })
        }
    }

    private struct WeakDocument {
        weak var document: JSONDocument?
    }

    private struct Kept {
        var pods: [ManifestObject.Key: ManifestObject] = [:]
        var seen: [WeakDocument] = []
        var changes = 0
        var isInOrder = true
        var lastVersion = 1000
        var lists = 0
    }

    @Test("tells every change in its order, and holds nothing of what has been replaced")
    func soak() async throws {
        let kept = Mutex(Kept())
        let reflector = Reflector(KubernetesClient(transport: ChurnTransport()), .pods)
        let running = Task {
            await reflector.run { change in
                kept.withLock { kept in
                    switch change {
                    case .replaced(let list), .checked(let list):
                        kept.lists += 1
                        kept.pods = Dictionary(list.objects.map { ($0.key, $0) }) { $1 }
                    case .upserted(let object):
                        Self.note(object, in: &kept)
                        kept.pods[object.key] = object
                    case .removed(let object):
                        Self.note(object, in: &kept)
                        kept.pods[object.key] = nil
                    case .failed, .unreadable: kept.isInOrder = false
                    }
                }
            }
        }
        #expect(try await eventually { kept.withLock { $0.changes } == Self.eventCount })
        running.cancel()
        await running.value
        let end = kept.withLock { $0 }
        #expect(end.isInOrder)
        #expect(end.lists == 1)
        #expect(end.pods.count == Self.podCount)
        let held = Set(end.pods.values.map { ObjectIdentifier($0.value.document) })
        let alive = end.seen.compactMap(\.document).count { !held.contains(ObjectIdentifier($0)) }
        #expect(alive == 0)
        // What is kept of an object is a fraction of what came.
        #expect(end.pods.values.allSatisfy { $0.value.text.count < 200 })
    }

    private static func note(_ object: ManifestObject, in kept: inout Kept) {
        let version = Int(object.resourceVersion) ?? 0
        kept.isInOrder = kept.isInOrder && version == kept.lastVersion + 1
        kept.lastVersion = version
        kept.changes += 1
        kept.seen.append(WeakDocument(document: object.value.document))
    }
}
