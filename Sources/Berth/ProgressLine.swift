import Synchronization

/// Says on standard error what is being done, once it takes longer than a person likes to wait in silence.
///
/// 1. `show` names the step that begins; 2. lines appear only after the delay, for the step under way then and for each
/// later one; 3. `finish` silences it.
final class ProgressLine: Sendable {
    private struct State {
        var step: String?
        var isDue = false
        var isFinished = false
    }

    private let state = Mutex(State())
    private let timer = Mutex<Task<Void, Never>?>(nil)

    init(afterSeconds delay: Int) {
        let task = Task.detached { [weak self] in
            do { try await Task.sleep(for: .seconds(delay)) } catch { return }
            self?.becomeDue()
        }
        self.timer.withLock { $0 = task }
    }

    func show(_ step: String) {
        self.state.withLock { state in
            state.step = step
            if state.isDue, !state.isFinished { Self.print(step) }
        }
    }

    func finish() {
        self.state.withLock { $0.isFinished = true }
        self.timer.withLock { $0?.cancel() }
    }

    private func becomeDue() {
        self.state.withLock { state in
            state.isDue = true
            if let step = state.step, !state.isFinished { Self.print(step) }
        }
    }

    private static func print(_ step: String) { Terminal.writeError("berth: \(step)\n") }
}
