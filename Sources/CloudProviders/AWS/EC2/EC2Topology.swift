import SchedulingModel

/// Where machines stand in AWS's network, as DescribeInstanceTopology tells and AWS's cloud controller writes on their nodes.
struct EC2Topology: Sendable {
    /// Machines of one call; EC2 takes up to a hundred.
    private static let callLimit = 100

    let client: AWSServiceClient

    /// Labels per machine. Types without such information, and machines that do not run yet, are left out.
    func labels(of machines: [MachineID]) async throws(NodePoolError) -> [MachineID: [String: String]] {
        var labels: [MachineID: [String: String]] = [:]
        let sorted = machines.sorted()
        for start in stride(from: 0, to: sorted.count, by: Self.callLimit) {
            let part = sorted[start..<min(start + Self.callLimit, sorted.count)]
            let ids = part.enumerated().map { (key: "InstanceId.\($0.offset + 1)", value: $0.element.rawValue) }
            let answer: XMLElement
            do throws(AWSError) {
                answer = try await self.client.send(AWSQuery("DescribeInstanceTopology", version: "2016-11-15", ids))
            } catch { throw error.poolError }
            for item in answer.list("instanceSet") {
                guard let id = item.text("instanceId") else { continue }
                labels[MachineID(id)] = Self.labels(item)
            }
        }
        return labels
    }

    /// Layers are counted from 1, the widest.
    private static func labels(_ item: XMLElement) -> [String: String] {
        var labels: [String: String] = [:]
        for (index, node) in item.list("networkNodeSet").enumerated() where !node.text.isEmpty {
            labels["topology.k8s.aws/network-node-layer-\(index + 1)"] = node.text
        }
        return labels
    }
}
