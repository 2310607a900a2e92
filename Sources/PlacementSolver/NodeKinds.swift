import SchedulingModel

/// Nodes told apart by what most pods look at, their taints and devices, so that a cluster of many nodes and few kinds is
/// judged once per kind.
struct NodeKinds: Sendable {
    /// One per node, counted from 0 in the order of first appearance.
    private(set) var kindByNode: [Int32]
    /// The first node seen of each kind.
    private(set) var examples: [NodeState]
    private var numbers: [Key: Int32]

    private struct Key: Hashable {
        let taints: [Taint]
        let pools: [DevicePool]
    }

    /// - Complexity: O(*n*); nodes are hashed only where they differ from the one before.
    init(_ nodes: [NodeState]) {
        self.kindByNode = []
        self.kindByNode.reserveCapacity(nodes.count)
        self.examples = []
        self.numbers = [:]
        for (index, node) in nodes.enumerated() {
            if index > 0, nodes[index - 1].taints == node.taints, nodes[index - 1].devicePools == node.devicePools {
                self.kindByNode.append(self.kindByNode[index - 1])
            } else {
                self.kindByNode.append(self.kind(of: node))
            }
        }
    }

    /// Takes note of a node that has changed. Kinds that no node is of any more stay.
    mutating func update(_ index: Int, to node: NodeState) {
        let example = Int(self.kindByNode[index])
        if self.examples[example].taints == node.taints, self.examples[example].devicePools == node.devicePools {
            return
        }
        self.kindByNode[index] = self.kind(of: node)
    }

    private mutating func kind(of node: NodeState) -> Int32 {
        let key = Key(taints: node.taints, pools: node.devicePools)
        if let known = self.numbers[key] { return known }
        let next = Int32(self.examples.count)
        self.numbers[key] = next
        self.examples.append(node)
        return next
    }
}
