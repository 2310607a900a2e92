import SchedulingModel

/// Nodes told apart by what most pods look at, their taints and devices, so that a cluster of many nodes and few kinds is
/// judged once per kind.
struct NodeKinds: Sendable {
    /// One per node, counted from 0 in the order of first appearance.
    let kindByNode: [Int32]
    /// The first node of each kind.
    let examples: [Int]

    private struct Key: Hashable {
        let taints: [Taint]
        let pools: [DevicePool]
    }

    /// - Complexity: O(*n*); nodes are hashed only where they differ from the one before.
    init(_ nodes: [NodeState]) {
        var kindByNode: [Int32] = []
        kindByNode.reserveCapacity(nodes.count)
        var examples: [Int] = []
        var numbers: [Key: Int32] = [:]
        for (index, node) in nodes.enumerated() {
            if index > 0, nodes[index - 1].taints == node.taints, nodes[index - 1].devicePools == node.devicePools {
                kindByNode.append(kindByNode[index - 1])
                continue
            }
            let key = Key(taints: node.taints, pools: node.devicePools)
            let kind = numbers[key] ?? Int32(examples.count)
            if kind == examples.count {
                numbers[key] = kind
                examples.append(index)
            }
            kindByNode.append(kind)
        }
        self.kindByNode = kindByNode
        self.examples = examples
    }
}
