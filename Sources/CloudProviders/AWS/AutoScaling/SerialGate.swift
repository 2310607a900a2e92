/// Lets one piece of asynchronous work run at a time, in the order of asking.
actor SerialGate {
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func enter() async {
        guard self.isBusy else {
            self.isBusy = true
            return
        }
        await withCheckedContinuation { self.waiting.append($0) }
    }

    func leave() {
        guard !self.waiting.isEmpty else {
            self.isBusy = false
            return
        }
        self.waiting.removeFirst().resume()
    }
}
