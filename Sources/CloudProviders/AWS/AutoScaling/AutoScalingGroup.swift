import KubernetesAPI
import SchedulingModel

/// The launch that Berth asked of a group last, in one tag of the group. Auto Scaling has no client tokens; this stands in.
struct AutoScalingLaunch: Equatable {
    enum State: String {
        /// Machines may still come.
        case open
        /// It failed and is being undone.
        case undoing
        case done, refused
    }

    static let tag = EC2Tag.launch

    var token: String
    var count: Int
    /// The desired capacity with all its machines.
    var target: Int
    /// Seconds since 1970.
    var sinceSeconds: Int64
    var state: State

    init(token: String, count: Int, target: Int, sinceSeconds: Int64) {
        self.token = token
        self.count = count
        self.target = target
        self.sinceSeconds = sinceSeconds
        self.state = .open
    }

    /// `open/2/5/1764000000/token`; nil for every other text.
    init?(parsing text: String) {
        let words = text.split(separator: "/", maxSplits: 4).map(String.init)
        guard words.count == 5, let state = State(rawValue: words[0]), let count = Int(words[1]),
            let target = Int(words[2]), let since = Int64(words[3])
        else { return nil }
        self.init(token: words[4], count: count, target: target, sinceSeconds: since)
        self.state = state
    }

    var text: String { "\(self.state.rawValue)/\(self.count)/\(self.target)/\(self.sinceSeconds)/\(self.token)" }

    var isOver: Bool {
        switch self.state {
        case .open, .undoing: false
        case .done, .refused: true
        }
    }
}

/// What is read of one `member` of DescribeAutoScalingGroups.
struct AutoScalingGroup {
    struct Instance {
        let id: String
        let type: String
        let zone: String
        let isInService: Bool
        /// On its way out, or gone.
        let isLeaving: Bool
    }

    let name: String
    let minSize: Int
    let maxSize: Int
    let desired: Int
    /// Without those that are leaving.
    let instances: [Instance]
    let launch: AutoScalingLaunch?

    init?(_ member: XMLElement) {
        guard let name = member.text("AutoScalingGroupName"), let minSize = member.text("MinSize").flatMap(Int.init),
            let maxSize = member.text("MaxSize").flatMap(Int.init),
            let desired = member.text("DesiredCapacity").flatMap(Int.init)
        else { return nil }
        self.name = name
        self.minSize = minSize
        self.maxSize = maxSize
        self.desired = desired
        self.instances = member.list("Instances").compactMap(Instance.init).filter { !$0.isLeaving }
            .sorted { $0.id < $1.id }
        let tag = member.list("Tags").first { $0.text("Key") == AutoScalingLaunch.tag }
        self.launch = tag?.text("Value").flatMap(AutoScalingLaunch.init(parsing:))
    }
}

extension AutoScalingGroup.Instance {
    init?(_ member: XMLElement) {
        guard let id = member.text("InstanceId"), let type = member.text("InstanceType"),
            let zone = member.text("AvailabilityZone"), let state = member.text("LifecycleState")
        else { return nil }
        self.id = id
        self.type = type
        self.zone = zone
        self.isInService = state == "InService"
        self.isLeaving = ["Terminat", "Detach"].contains { state.hasPrefix($0) }
    }

    func launched(_ group: ResolvedGroup, clientToken: String?) -> LaunchedMachine {
        let offering = OfferingKey(
            instanceType: self.type, zone: self.zone, capacityType: group.offering.capacityType)
        return EC2Instance.launched(MachineID(self.id), offering, clientToken: clientToken)
    }
}
