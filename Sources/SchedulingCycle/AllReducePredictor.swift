import SchedulingModel

/// Predicts the time of one ring all-reduce from where the members stand, beside a bound that no placement can beat.
///
/// What the bound needs of the cluster is gathered once, in O(*n*) nodes.
struct AllReducePredictor {
    /// A member of a ring and the index of its node.
    struct Place {
        let pod: PodState
        let node: Int

        var gpuCount: Int { self.pod.deviceRequests.reduce(0) { $0 + $1.count } }
    }

    private let model: AllReduceModel
    private let nodes: [NodeState]
    /// Devices of the largest NVLink domain (a node, or a clique of nodes), every slot counted.
    private var largestDomain = 0
    private var largestNode = 0
    /// The fastest NVLink of any node.
    private var bestLinkBytesPerSecond = 0.0

    init(_ snapshot: ClusterSnapshot, _ model: AllReduceModel) {
        self.model = model
        self.nodes = snapshot.nodes
        var devicesByClique: [String: Int] = [:]
        var linkByProduct: [String?: Double] = [:]
        for node in snapshot.nodes where !node.devicePools.isEmpty {
            let devices = node.devicePools.reduce(0) { $0 + $1.deviceCount * $1.slotsPerDevice }
            self.largestNode = max(self.largestNode, devices)
            if let clique = node.nvlinkDomain { devicesByClique[clique, default: 0] += devices }
            let product = node.devicePools.first?.product
            let link = linkByProduct[product] ?? model.nvlink(product: product)
            linkByProduct[product] = link
            self.bestLinkBytesPerSecond = max(self.bestLinkBytesPerSecond, link)
        }
        self.largestDomain = max(self.largestNode, devicesByClique.values.max() ?? 0)
    }

    /// The ring's time by its slowest link; nil for fewer than two GPUs.
    func prediction(for ring: [Place]) -> AllReducePrediction? {
        let gpus = ring.reduce(0) { $0 + $1.gpuCount }
        guard gpus > 1 else { return nil }
        let links = ring.map { self.model.nvlink(product: self.nodes[$0.node].devicePools.first?.product) }
        let slowestLink = links.min() ?? self.model.pcieBytesPerSecond
        let rate = self.isOneNVLinkDomain(ring) ? slowestLink : min(slowestLink, self.networkRate(ring))
        let seconds = self.model.ringSeconds(gpuCount: gpus, bytesPerSecond: rate)
        return AllReducePrediction(
            payloadBytes: self.model.payloadBytes, seconds: seconds,
            boundSeconds: min(seconds, self.boundSeconds(ring, gpus: gpus)))
    }

    private func isOneNVLinkDomain(_ ring: [Place]) -> Bool {
        if Set(ring.map(\.node)).count <= 1 { return true }
        let domains = Set(ring.map { self.nodes[$0.node].nvlinkDomain })
        return domains.count == 1 && domains != [nil]
    }

    /// Between nodes each node's members drive their network ports together, so the node with the fewest bounds the ring.
    private func networkRate(_ ring: [Place]) -> Double {
        var rateByNode: [Int: Double] = [:]
        for place in ring {
            rateByNode[place.node, default: 0] += self.model.network(requests: place.pod.requests) ?? 0
        }
        return rateByNode.values.map { $0 > 0 ? $0 : self.model.tcpBytesPerSecondPerNode }.min() ?? 0
    }

    /// Where some NVLink domain would hold the members if it were empty: the best link. Else over the network, with as
    /// many members to a node as the largest node holds.
    private func boundSeconds(_ ring: [Place], gpus: Int) -> Double {
        if self.largestDomain >= gpus {
            return self.model.ringSeconds(gpuCount: gpus, bytesPerSecond: self.bestLinkBytesPerSecond)
        }
        let perMember = ring.map { self.model.network(requests: $0.pod.requests) ?? 0 }.max() ?? 0
        let fewestGPUs = max(1, ring.map(\.gpuCount).min() ?? 1)
        let membersPerNode = Double(max(1, self.largestNode / fewestGPUs))
        let network = max(perMember * membersPerNode, self.model.tcpBytesPerSecondPerNode)
        return self.model.ringSeconds(gpuCount: gpus, bytesPerSecond: min(self.bestLinkBytesPerSecond, network))
    }

    /// A gang over several nodes that asks for no RDMA network falls back to TCP, which its owner should know.
    func notes(on ring: [Place]) -> [String] {
        let members = ring.filter { !$0.pod.deviceRequests.isEmpty }
        guard Set(members.map(\.node)).count > 1, !self.isOneNVLinkDomain(members) else { return [] }
        let lacksNetwork = members.contains { self.model.network(requests: $0.pod.requests) == nil }
        return lacksNetwork ? ["members ask for no RDMA network; all-reduce between nodes falls back to TCP"] : []
    }
}
