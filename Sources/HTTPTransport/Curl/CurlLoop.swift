import CCurl
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The thread that owns libcurl's multi handle, and its inbox.
///
/// `@unchecked Sendable`, proof: `multi` is set before the thread starts and freed by the thread at its end, under the
/// inbox's lock with `isClosed`; from outside only `curl_multi_wakeup`, which is safe from any thread, is called on it,
/// under the same lock. `exchanges` is touched by the thread alone.
final class CurlLoop: @unchecked Sendable {
    enum Command {
        case start(CurlTransfer)
        case unpause(CurlTransfer)
        case cancel(CurlTransfer)
        case shutDown
    }

    private struct Inbox {
        var commands: [Command] = []
        var isClosed = false
    }

    private let multi: UnsafeMutableRawPointer
    private let inbox = Mutex(Inbox())
    private var exchanges: [UnsafeMutableRawPointer: CurlExchange] = [:]
    private var handles: [ObjectIdentifier: UnsafeMutableRawPointer] = [:]

    private static let isInitialised = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private init(multi: UnsafeMutableRawPointer) { self.multi = multi }

    static func start() throws(HTTPTransportError) -> CurlLoop {
        guard self.isInitialised, let multi = curl_multi_init() else {
            throw HTTPTransportError(.connectFailed, "libcurl cannot be initialised")
        }
        _ = ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_MULTIPLEX))
        _ = ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 64)
        let loop = CurlLoop(multi: multi)
        let context = Unmanaged.passRetained(loop)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<CurlLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            context.release()
            curl_multi_cleanup(multi)
            throw HTTPTransportError(.connectFailed, "no thread: error \(code)")
        }
        pthread_detach(thread)
        return loop
    }

    func post(_ command: Command) {
        let isOpen = self.inbox.withLock { inbox in
            guard !inbox.isClosed else { return false }
            inbox.commands.append(command)
            if inbox.commands.count == 1 { curl_multi_wakeup(self.multi) }
            return true
        }
        if !isOpen, case .start(let transfer) = command {
            transfer.finished(.failure(HTTPTransportError(.closed)))
        }
    }

    // MARK: The thread

    private func run() {
        while self.takeCommands() {
            var running: Int32 = 0
            curl_multi_perform(self.multi, &running)
            self.reap()
            let wait = self.endIdle()
            curl_multi_poll(self.multi, nil, 0, wait, nil)
        }
        for handle in Array(self.exchanges.keys) { self.end(handle, .failure(HTTPTransportError(.closed))) }
        let left = self.inbox.withLock { inbox in
            inbox.isClosed = true
            curl_multi_cleanup(self.multi)
            defer { inbox.commands = [] }
            return inbox.commands
        }
        for case .start(let transfer) in left { transfer.finished(.failure(HTTPTransportError(.closed))) }
    }

    /// - Returns: False at the end of the loop.
    private func takeCommands() -> Bool {
        let commands = self.inbox.withLock { inbox in
            defer { inbox.commands = [] }
            return inbox.commands
        }
        var isOpen = true
        for command in commands {
            switch command {
            case .start(let transfer): if isOpen { self.start(transfer) } else { self.refuse(transfer) }
            case .unpause(let transfer):
                guard let handle = self.handles[ObjectIdentifier(transfer)] else { continue }
                self.exchanges[handle]?.lastActivity = .now
                curl_easy_pause(handle, CURLPAUSE_CONT)
            case .cancel(let transfer):
                guard let handle = self.handles[ObjectIdentifier(transfer)] else { continue }
                self.end(handle, .failure(HTTPTransportError(.cancelled)))
            case .shutDown: isOpen = false
            }
        }
        return isOpen
    }

    private func refuse(_ transfer: CurlTransfer) { transfer.finished(.failure(HTTPTransportError(.closed))) }

    /// A transfer that was cancelled before its turn is not begun.
    private func start(_ transfer: CurlTransfer) {
        guard !transfer.isEnded else { return }
        do throws(HTTPTransportError) {
            let exchange = try CurlExchange(transfer)
            self.exchanges[exchange.handle] = exchange
            self.handles[ObjectIdentifier(transfer)] = exchange.handle
            guard curl_multi_add_handle(self.multi, exchange.handle) == CURLM_OK else {
                return self.end(
                    exchange.handle, .failure(HTTPTransportError(.connectFailed, "libcurl is out of memory")))
            }
        } catch {
            transfer.finished(.failure(error))
        }
    }

    private func reap() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(self.multi, &left) {
            var code = CURLE_OK
            guard let handle = ccurl_finished(message, &code) else { continue }
            self.end(handle, self.exchanges[handle]?.result(code) ?? .success(()))
        }
    }

    private func end(_ handle: UnsafeMutableRawPointer, _ result: Result<Void, HTTPTransportError>) {
        curl_multi_remove_handle(self.multi, handle)
        guard let exchange = self.exchanges.removeValue(forKey: handle) else { return }
        self.handles[ObjectIdentifier(exchange.transfer)] = nil
        exchange.transfer.finished(result)
    }

    /// Ends exchanges over their idle limit. One whose reader is slow is not idle.
    /// - Returns: Milliseconds until the next could be due.
    private func endIdle() -> Int32 {
        let now = ContinuousClock.now
        var nearest = Duration.seconds(60)
        for exchange in Array(self.exchanges.values) {
            guard let limit = exchange.transfer.request.limits.idle, !exchange.transfer.isPaused else { continue }
            let left = limit - (now - exchange.lastActivity)
            if left <= .zero {
                self.end(exchange.handle, .failure(HTTPTransportError(.timedOut, "no byte for \(limit)")))
            } else {
                nearest = min(nearest, left)
            }
        }
        return Int32(clamping: CurlExchange.milliseconds(nearest) + 1)
    }
}
