import Foundation

/// Serves a `CannedCluster` over HTTP/1.1 on the loopback interface, one thread a connection: lists by pages, streaming lists, and watches that
/// send changes of pods once somebody has asked for `/go`. Writes its port on standard output; ends with its parent's pipe.
final class CannedServer: Sendable {
    struct Churn: Sendable {
        /// Changes in all, and per second; 0 a second is as fast as they are taken.
        var count: Int
        var perSecond: Int
    }

    private let cluster: CannedCluster
    private let churn: Churn
    private let streamsLists: Bool
    private let hasStarted = NSCondition()
    nonisolated(unsafe) private var isGoing = false

    init(_ cluster: CannedCluster, churn: Churn, streamsLists: Bool) {
        self.cluster = cluster
        self.churn = churn
        self.streamsLists = streamsLists
    }

    func run() {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                _ = getsockname(listener, $0, &length)
            }
        }
        listen(listener, 16)
        print(UInt16(bigEndian: address.sin_port))
        fflush(nil)
        Thread.detachNewThread {
            while getchar() != EOF {}
            exit(0)
        }
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { continue }
            Thread.detachNewThread { self.serve(connection) }
        }
    }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        while let target = Self.target(of: connection) {
            guard self.answer(target, Connection(descriptor: connection)) else { return }
        }
    }

    /// Reads a request without a body.
    private static func target(of connection: Int32) -> String? {
        var head: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !head.suffix(4).elementsEqual([13, 10, 13, 10]) {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            head += buffer[..<count]
        }
        let line = String(decoding: head.prefix { $0 != 13 }, as: UTF8.self).split(separator: " ")
        return line.count == 3 ? String(line[1]) : nil
    }

    private func answer(_ target: String, _ connection: Connection) -> Bool {
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        let query = Dictionary(
            (parts.last ?? "").split(separator: "&").map { pair in
                let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(sides[0]), sides.count > 1 ? String(sides[1]) : "")
            }
        ) { $1 }
        // No group but the core one, and of that nothing but pods and nodes.
        if parts[0] == "/apis" { return connection.send(status: 200, Array(#"{"groups":[]}"#.utf8)) }
        let kind = Kind(parts[0])
        if parts[0] == "/go" {
            self.hasStarted.lock()
            self.isGoing = true
            self.hasStarted.broadcast()
            self.hasStarted.unlock()
            return connection.send(status: 200, Array("{}".utf8))
        }
        guard query["watch"] != nil else { return connection.send(status: 200, self.page(kind, query)) }
        let isWhole = query["sendInitialEvents"] != nil
        if isWhole, !self.streamsLists { return connection.send(status: 422, Array("{}".utf8)) }
        guard connection.beginChunks(), !isWhole || self.sendAll(kind, connection) else { return false }
        return kind == .pods ? self.sendChanges(connection) : self.sendNothing()
    }

    private enum Kind {
        case pods, nodes, other

        init(_ path: String) { self = path.hasSuffix("/pods") ? .pods : path.hasSuffix("/nodes") ? .nodes : .other }

        var name: String {
            switch self {
            case .pods: "Pod"
            case .nodes: "Node"
            case .other: "Namespace"
            }
        }
    }

    /// A watch on which nothing comes.
    private func sendNothing() -> Bool { while true { sleep(3600) } }

    private static let firstVersion = 100_000_000

    private func count(_ kind: Kind) -> Int {
        switch kind {
        case .pods: self.cluster.podCount
        case .nodes: self.cluster.nodeCount
        case .other: 0
        }
    }

    private func append(_ kind: Kind, _ index: Int, _ version: Int, to bytes: inout [UInt8]) {
        switch kind {
        case .pods: self.cluster.append(pod: index, version: version, to: &bytes)
        case .nodes: self.cluster.append(node: index, version: version, to: &bytes)
        case .other: break
        }
    }

    private func page(_ kind: Kind, _ query: [String: String]) -> [UInt8] {
        let start = query["continue"].flatMap { Int($0) } ?? 0
        let end = min(self.count(kind), start + (query["limit"].flatMap { Int($0) } ?? Int.max / 2))
        let rest = end < self.count(kind) ? #","continue":"\#(end)""# : ""
        var bytes = Array(
            #"{"kind":"\#(kind.name)List","apiVersion":"v1","#.utf8)
        bytes += Array(#""metadata":{"resourceVersion":"\#(Self.firstVersion)"\#(rest)},"items":["#.utf8)
        for index in start..<end {
            if index > start { bytes.append(UInt8(ascii: ",")) }
            self.append(kind, index, Self.firstVersion, to: &bytes)
        }
        return bytes + Array("]}".utf8)
    }

    private func sendAll(_ kind: Kind, _ connection: Connection) -> Bool {
        var bytes: [UInt8] = []
        for index in 0..<self.count(kind) {
            bytes += Array(#"{"type":"ADDED","object":"#.utf8)
            self.append(kind, index, Self.firstVersion, to: &bytes)
            bytes += Array("}\n".utf8)
            if bytes.count > 1 << 16, !connection.sendChunk(&bytes) { return false }
        }
        let annotations = #"{"k8s.io/initial-events-end":"true"}"#
        let metadata = #"{"resourceVersion":"\#(Self.firstVersion)","annotations":\#(annotations)}"#
        bytes += Array(
            #"{"type":"BOOKMARK","object":{"kind":"\#(kind.name)","apiVersion":"v1","metadata":\#(metadata)}}"#.utf8)
        bytes.append(UInt8(ascii: "\n"))
        return connection.sendChunk(&bytes)
    }

    /// Of ten changes eight are updates, one takes a pod away, and one brings it back.
    private func sendChanges(_ connection: Connection) -> Bool {
        self.hasStarted.lock()
        while !self.isGoing { self.hasStarted.wait() }
        self.hasStarted.unlock()
        let began = ContinuousClock.now
        var bytes: [UInt8] = []
        for change in 0..<self.churn.count {
            let type = change % 10 == 8 ? "DELETED" : change % 10 == 9 ? "ADDED" : "MODIFIED"
            let pod = (change % 10 == 9 ? change - 1 : change) * 7919 % self.cluster.podCount
            bytes += Array(#"{"type":"\#(type)","object":"#.utf8)
            self.append(.pods, pod, Self.firstVersion + 1 + change, to: &bytes)
            bytes += Array("}\n".utf8)
            if self.churn.perSecond > 0, change % 50 == 49 {
                guard connection.sendChunk(&bytes) else { return false }
                let due = began + .seconds(1) * change / self.churn.perSecond
                let wait = due - ContinuousClock.now
                if wait > .zero { usleep(UInt32(wait.components.attoseconds / 1_000_000_000_000)) }
            } else if bytes.count > 1 << 16, !connection.sendChunk(&bytes) {
                return false
            }
        }
        guard connection.sendChunk(&bytes) else { return false }
        while true { sleep(3600) }
    }
}

/// One connection's sending half.
private struct Connection {
    let descriptor: Int32

    func send(status: Int, _ body: [UInt8]) -> Bool {
        self.write(Array("HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\n".utf8))
            && self.write(Array("Content-Length: \(body.count)\r\n\r\n".utf8)) && self.write(body)
    }

    func beginChunks() -> Bool {
        self.write(
            Array("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".utf8))
    }

    func sendChunk(_ bytes: inout [UInt8]) -> Bool {
        defer { bytes.removeAll(keepingCapacity: true) }
        guard !bytes.isEmpty else { return true }
        return self.write(Array((String(bytes.count, radix: 16) + "\r\n").utf8)) && self.write(bytes)
            && self.write([13, 10])
    }

    private func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                buffer.baseAddress.map {
                    Glibc.send(self.descriptor, $0 + sent, buffer.count - sent, Int32(MSG_NOSIGNAL))
                } ?? -1
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
