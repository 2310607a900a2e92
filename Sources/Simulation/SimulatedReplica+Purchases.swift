import ControlLoop
import SchedulingModel

extension SimulatedReplica {
    /// Whether these begin a purchase.
    func isBuying(_ actions: [PoolAction]) -> Bool {
        actions.contains { action in
            guard case .record(let claim) = action.kind, claim.version == 0, claim.phase == .launching else {
                return false
            }
            return self.owns(claim.token) && !self.purchases.everAsked.contains(claim.token)
        }
    }

    /// What a process that leads has asked for about purchases. Whoever leads next knows of it only what the API shows.
    struct Purchases {
        /// Claims as they were last asked to be written.
        private(set) var asked: [String: LaunchClaim] = [:]
        /// Claims and machines that it has said are over.
        private(set) var endedTokens: Set<String> = []
        private(set) var endedMachines: Set<MachineID> = []
        /// Nodes with the taint of those that are emptied, as far as it has asked for that.
        private(set) var emptying: Set<NodeName> = []
        private var launchedTokens: Set<String> = []
        fileprivate var everAsked: Set<String> = []

        mutating func note(_ actions: [PoolAction]) {
            for action in actions {
                switch action.kind {
                case .record(let claim):
                    self.asked[claim.token] = claim
                    self.everAsked.insert(claim.token)
                    if claim.phase == .closing { self.endedTokens.insert(claim.token) }
                    self.endedMachines.formUnion(claim.machines.filter { $0.phase == .leaving }.map(\.id))
                case .launch(let claim): self.launchedTokens.insert(claim.token)
                case .forget(let claim): self.endedTokens.insert(claim.token)
                case .taint(let node, let taint, let isPresent) where taint.key == Taint.givingBack.key:
                    if taint == .emptying, isPresent { self.emptying.insert(node) } else { self.emptying.remove(node) }
                case .delete(_, let machines): self.endedMachines.formUnion(machines)
                case .taint, .list, .mark: break
                }
            }
        }

        /// What may not be written down is not bought. A claim that is there stays.
        mutating func noteRefused(_ claim: LaunchClaim) {
            if claim.version == 0, !self.launchedTokens.contains(claim.token) { self.endedTokens.insert(claim.token) }
        }

        /// A claim that somebody removes before its launch was ever asked for stands for nothing any more, and its purchase may be decided
        /// anew.
        mutating func noteRemoved(_ token: String) {
            if !self.launchedTokens.contains(token) { self.endedTokens.insert(token) }
        }

        mutating func stepDown() {
            let everAsked = self.everAsked
            self = Purchases()
            self.everAsked = everAsked
        }
    }
}
