public import SchedulingModel

/// Why a pod may not run on each node of a cluster: the different answers, and which node got which. A large cluster has few
/// answers, so whoever judges them judges each once.
public struct NodeRejections: Sendable {
    /// In the order of the first node that got each; none for nodes on which the pod may run. Equal ones may stand apart.
    public private(set) var answers: [[RejectionReason]] = []
    /// How many nodes got each answer.
    public private(set) var nodeCounts: [Int] = []
    /// The lowest node that got each answer.
    public private(set) var firstNodes: [Int] = []
    /// Positions in `answers`.
    public private(set) var answerByNode: [Int32] = []

    init(nodeCount: Int) { self.answerByNode.reserveCapacity(nodeCount) }

    public subscript(node: Int) -> [RejectionReason] { self.answers[Int(self.answerByNode[node])] }

    /// Nodes with answers that are as wanted, ascending.
    public func nodes(where isWanted: ([RejectionReason]) -> Bool) -> [Int] {
        let wanted = self.answers.map(isWanted)
        return self.answerByNode.indices.filter { wanted[Int(self.answerByNode[$0])] }
    }

    /// Takes the answer of the next node.
    mutating func append(_ answer: [RejectionReason]) {
        if let last = self.answerByNode.last, self.answers[Int(last)] == answer { return self.appendLike(Int(last)) }
        self.firstNodes.append(self.answerByNode.count)
        self.answers.append(answer)
        self.nodeCounts.append(0)
        self.appendLike(self.answers.count - 1)
    }

    /// The next node got a known answer.
    mutating func append(answerOf node: Int) { self.appendLike(Int(self.answerByNode[node])) }

    private mutating func appendLike(_ answer: Int) {
        self.answerByNode.append(Int32(answer))
        self.nodeCounts[answer] += 1
    }
}
