public import SchedulingModel

extension NodeState {
    /// The node that a machine of this template will become, under a name of its own. Below the zone it stands in domains of its
    /// launch as far as that promises, and alone on every narrower level.
    ///
    /// - Parameter launch: What tells the launch from others.
    func expected(as name: NodeName, launch: String, sharedLevel: Int?, sharesNVLink: Bool) -> NodeState {
        var node = self
        node.name = name
        node.labels["kubernetes.io/hostname"] = name.rawValue
        for level in node.topologyPath.indices where node.topologyPath[level] == nil {
            if let sharedLevel, level <= sharedLevel { node.topologyPath[level] = "(launch \(launch))" }
        }
        if sharesNVLink { node.nvlinkDomain = "(launch \(launch))" }
        return node
    }
}

extension NodePool {
    /// The node that a machine of one of the pool's offerings will become; nil where the pool does not offer it.
    public func expectedNode(_ key: OfferingKey, as name: NodeName, launch: String) -> NodeState? {
        self.offerings.first { $0.key == key }?.template.expected(
            as: name, launch: launch, sharedLevel: self.launchLevel, sharesNVLink: self.launchSharesNVLink)
    }
}
