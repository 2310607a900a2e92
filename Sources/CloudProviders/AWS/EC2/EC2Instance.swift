import SchedulingModel

/// The tags that say whose a machine is.
enum EC2Tag {
    static let pool = "berth.dev/pool"
    static let cluster = "berth.dev/cluster"
    /// The client token of the launch.
    static let launch = "berth.dev/launch"
    static let capacityType = "berth.dev/capacity-type"

    static func all(of request: LaunchRequest, cluster: String) -> [(key: String, value: String)] {
        [
            (self.pool, request.pool), (self.cluster, cluster), (self.launch, request.clientToken),
            (self.capacityType, request.offering.capacityType.rawValue),
        ]
    }
}

/// What is read of one `item` of DescribeInstances.
struct EC2Instance {
    let id: MachineID
    let offering: OfferingKey
    let tags: [String: String]

    init?(_ item: XMLElement) {
        guard let id = item.text("instanceId"), let type = item.text("instanceType"),
            let zone = item["placement"]?.text("availabilityZone")
        else { return nil }
        self.id = MachineID(id)
        self.tags = item.list("tagSet").reduce(into: [:]) { $0[$1.text("key") ?? ""] = $1.text("value") ?? "" }
        let isSpot = item.text("instanceLifecycle") == "spot"
        // A reserved machine is an on-demand one to EC2; only our tag tells.
        let told = self.tags[EC2Tag.capacityType].flatMap(CapacityType.init(rawValue:))
        self.offering = OfferingKey(
            instanceType: type, zone: zone, capacityType: told ?? (isSpot ? .spot : .onDemand))
    }

    var launched: LaunchedMachine {
        Self.launched(self.id, self.offering, clientToken: self.tags[EC2Tag.launch])
    }

    /// With the node's provider ID as AWS's cloud provider writes it.
    static func launched(_ id: MachineID, _ offering: OfferingKey, clientToken: String?) -> LaunchedMachine {
        LaunchedMachine(
            id: id, offering: offering, clientToken: clientToken, providerID: "aws:///\(offering.zone)/\(id)")
    }
}
