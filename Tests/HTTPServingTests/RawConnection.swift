import Dispatch
import Glibc

/// A TCP connection to 127.0.0.1 that sends what it is told and not a byte more.
///
/// Its calls block their thread: they belong into `offThePool`.
final class RawConnection: Sendable {
    struct Failure: Error {
        let call: String
        let code: Int32
    }

    private let descriptor: Int32

    init(port: Int) throws {
        self.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(call: "connect", code: errno) }
        // Nobody waits for ever.
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard Glibc.send(self.descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Failure(call: "send", code: errno)
        }
    }

    /// Whether something came, or the other side ended the connection, within so many milliseconds.
    func hasNews(within milliseconds: Int32) -> Bool {
        var poll = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, milliseconds) > 0
    }

    /// What came until it held `ending`.
    func receive(until ending: String) throws -> String {
        var text = ""
        while !text.contains(ending) {
            guard let piece = try self.piece() else { return text }
            text += piece
        }
        return text
    }

    /// What came until the other side ended the connection.
    func receiveAll() throws -> String {
        var text = ""
        while let piece = try self.piece() { text += piece }
        return text
    }

    func close() { Glibc.close(self.descriptor) }

    private func piece() throws -> String? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(self.descriptor, &bytes, bytes.count, 0)
        if count < 0, errno == ECONNRESET { return nil }
        guard count >= 0 else { throw Failure(call: "recv", code: errno) }
        return count == 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}

/// Runs what blocks on a thread that no task waits for: the server under test needs the tasks' threads.
func offThePool<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: .init(catching: body)) }
    }
}
