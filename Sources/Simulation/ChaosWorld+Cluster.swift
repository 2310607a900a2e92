import ControlLoop
import SchedulingModel

/// A kube-scheduler with a cache of its own, which may be behind.
struct SimulatedScheduler {
    var view = SimulatedReplica.View()
    /// Where it has decided to bind pods, until its watch shows them.
    var assumed: [PodKey: (uid: String, node: NodeName)] = [:]
    var lastDelivery: [Int64] = [0, 0, 0, 0, 0]
    var isDue = false
    /// When it looks again although nothing has told it to.
    var againMillis: Int64?
    /// Nominations that it has written itself, by UID.
    var nominated: [String: NodeName] = [:]
}

/// Kubelets, controllers of workloads, and the kube-scheduler.
extension ChaosWorld {
    mutating func react(to change: SimulatedStore.Change) {
        switch change {
        case .pod(let observed):
            guard let pod = self.store.pod(observed.state.key, uid: observed.uid), let node = pod.state.node else {
                return
            }
            if self.store.nodes[node] == nil {
                self.after(40_000...60_000, .collect(pod.key, uid: observed.uid))
            } else if pod.state.isTerminating {
                self.endPod(pod, on: node)
            } else if !pod.isRunning {
                self.after(20...1500, .kubelet(pod.key, uid: observed.uid))
            }
        case .podGone(let key, _):
            self.stuckPods.remove(key)
            for index in self.workloads.indices where key.name.hasPrefix("\(self.workloads[index].name)-") {
                self.after(100...2000, .reconcile(index))
            }
        case .node, .nodeGone, .group, .groupGone, .budgets, .claim, .claimGone: break
        }
    }

    mutating func collect(_ key: PodKey, _ uid: String) {
        guard let node = self.store.pod(key, uid: uid)?.state.node, self.store.nodes[node] == nil else { return }
        self.store.remove(key)
    }

    private mutating func endPod(_ pod: SimulatedStore.Pod, on node: NodeName) {
        let isDead = self.store.nodes[node]?.taints.contains(.notReady) ?? false
        if !self.isHealing, isDead || self.generator.once(in: 10) {
            self.count("terminating pod that does not end")
            self.stuckPods.insert(pod.key)
        } else {
            self.after(500...20_000, .end(pod.key, uid: pod.observed.uid))
        }
    }

    /// Admits the pod, or fails it for lack of devices.
    mutating func kubeletTakes(_ key: PodKey, _ uid: String) {
        guard let pod = self.store.pod(key, uid: uid), !pod.isRunning, let name = pod.state.node,
            let node = self.store.nodes[name]
        else { return }
        if node.taints.contains(.notReady) { return }
        let others = self.store.pods(on: name).filter(\.isRunning).map(\.state)
        if node.takes(pod.state, beside: others) {
            self.store.update(key) { $0.isRunning = true }
        } else {
            self.count("kubelet refuses")
            self.note("the kubelet of \(name) refuses \(key)")
            self.store.remove(key)
        }
    }

    mutating func reconcile(_ index: Int) {
        let workload = self.workloads[index]
        guard !workload.isDeleted else { return }
        for ordinal in 0..<workload.podCount where self.store.pods[workload.podKey(ordinal)] == nil {
            self.workloads[index].createdSeconds = self.now / 1000
            self.store.create(
                self.workloads[index].pod(ordinal), door: workload.door, isRecreated: true, workload: index)
        }
    }

    // MARK: kube-scheduler

    mutating func watchForScheduler(_ change: SimulatedStore.Change) {
        let lag = self.generator.once(in: 20) ? self.generator.int(in: 100...1500) : self.generator.int(in: 1...100)
        let time = max(self.scheduler.lastDelivery[change.kindIndex], self.now + Int64(lag))
        self.scheduler.lastDelivery[change.kindIndex] = time
        self.queue.schedule(.deliverToScheduler(change), atMillis: time)
    }

    mutating func deliverToScheduler(_ change: SimulatedStore.Change) {
        self.scheduler.view.take(change)
        switch change {
        case .pod(let pod) where pod.state.node != nil: self.scheduler.assumed[pod.state.key] = nil
        case .podGone(let key, _): self.scheduler.assumed[key] = nil
        case .pod, .node, .nodeGone, .group, .groupGone, .budgets, .claim, .claimGone: break
        }
        self.wakeScheduler()
    }

    private mutating func wakeScheduler() {
        guard !self.scheduler.isDue else { return }
        self.scheduler.isDue = true
        self.after(20...400, .schedule)
    }

    mutating func runScheduler() {
        self.scheduler.isDue = false
        let waiting = self.scheduler.view.pods.values.filter { pod in
            pod.door == .scheduler && pod.state.node == nil && !pod.state.isTerminating
                && self.scheduler.assumed[pod.state.key] == nil
        }.sorted { ($1.state.priority, $0.state.key) < ($0.state.priority, $1.state.key) }
        for pod in waiting {
            let fitting = self.filtered(pod, self.fittingNodes(pod))
            guard !fitting.isEmpty else {
                self.preempt(for: pod)
                continue
            }
            let node = self.hasExtender ? fitting[0] : self.generator.pick(fitting)
            self.scheduler.assumed[pod.state.key] = (pod.uid, node)
            self.after(5...300, .schedulerBinds(pod.state.key, uid: pod.uid, node))
        }
    }

    private func fittingNodes(_ pod: ObservedPod) -> [NodeName] {
        let view = self.scheduler.view
        let names = pod.pinnedNode.map { [$0] } ?? view.nodes.keys.sorted()
        return names.filter { name in
            guard let node = view.nodes[name], !node.taints.contains(where: \.isHard) else { return false }
            let others = view.pods.values.filter { other in
                if let place = other.state.node ?? self.scheduler.assumed[other.state.key]?.node {
                    return place == name
                }
                // A nomination that was written late, when its pod had a node, holds nothing.
                return other.state.nominatedNode == name && other.state.key != pod.state.key
                    && other.state.priority >= pod.state.priority
            }
            return node.takes(pod.state, beside: others.map(\.state))
        }
    }

    mutating func schedulerBinds(_ key: PodKey, _ uid: String, to node: NodeName) {
        let result = self.store.bind(key, uid: uid, to: node, isOurs: false)
        guard result != .succeeded else { return }
        if self.scheduler.assumed[key]?.uid == uid { self.scheduler.assumed[key] = nil }
        self.wakeScheduler()
    }
}
