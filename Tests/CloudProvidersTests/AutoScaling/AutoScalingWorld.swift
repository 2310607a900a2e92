import CloudProviders
import ClusterImport
import HTTPTransport
import SchedulingModel
import Synchronization

/// Auto Scaling with one group, in memory, as far as the provider asks: what AWS's reference says of each call.
///
/// Machines appear with `work()`, as many as there is capacity for.
final class AutoScalingWorld: HTTPTransport {
    struct Machine {
        var state = "Pending"
        var tags: [String: String] = [:]
    }

    struct State {
        var now: Int64 = 1_440_938_160
        var desired: Int
        var maxSize = 10
        var machines: [String: Machine] = [:]
        var tags: [String: String] = [:]
        var count = 0
        var capacity = 1_000
        var hasFailed = false
        var isLaunching = true
        /// The next machine comes while Auto Scaling is asked to launch no more.
        var comesLate = false
        var calls: [String] = []
        var lostReplies: [String] = []
        var nodegroup = ""
    }

    let state: Mutex<State>

    init(desired: Int) {
        self.state = Mutex(State(desired: desired))
        self.work()
    }

    func provider(eks: Bool = false) async -> NodePoolProviders {
        var configuration = BerthConfiguration()
        var pool = PoolSettings(name: "gpus", instanceTypes: ["g6.xlarge"], zones: ["us-east-1a"])
        pool.capacityTypes = [.onDemand]
        let groups = [ProviderSetting.MachineGroup(name: "gpus")]
        pool.provider = eks ? .eksNodegroups(cluster: "prod", groups) : .autoScalingGroups(groups)
        configuration.pools = [pool]
        configuration.aws = AWSSettings(clusterName: "prod", region: "us-east-1")
        let keys = ["AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"]
        let environment = AWSEnvironment(
            variables: keys, readFile: { _ in nil }, connect: { _ throws(HTTPTransportError) in self },
            now: { self.state.withLock { $0.now } })
        return await NodePoolProviders(configuration, in: ProviderEnvironment(aws: environment))
    }

    static func request(_ count: Int, token: String) -> LaunchRequest {
        let offering = OfferingKey(instanceType: "g6.xlarge", zone: "us-east-1a", capacityType: .onDemand)
        return LaunchRequest(pool: "gpus", offering: offering, count: count, clientToken: token)
    }

    var desired: Int { self.state.withLock { $0.desired } }
    var names: [String] { self.state.withLock { $0.machines.keys.sorted() } }

    /// What Auto Scaling does: leaving machines are gone, new ones come up to the desired capacity, those that came are in service.
    func work() {
        self.state.withLock { Self.work(&$0) }
    }

    private static func work(_ state: inout State) {
        state.machines = state.machines.filter { $0.value.state != "Terminating" }
        for name in state.machines.keys { state.machines[name]?.state = "InService" }
        while state.isLaunching, state.machines.count < state.desired {
            guard state.capacity > 0 else {
                state.hasFailed = true
                break
            }
            state.capacity -= 1
            state.count += 1
            state.machines["i-\(state.count)"] = Machine()
        }
        // A group that is too large loses machines of its own choice: the oldest here, so that a test would notice.
        for name in state.machines.keys.sorted() where state.machines.count > state.desired {
            state.machines[name] = nil
        }
    }

    // MARK: HTTPTransport

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        let form = Self.form(String(decoding: request.body, as: UTF8.self))
        let action = form["Action"] ?? "\(request.method) \(request.target)"
        let (answer, isLost) = self.state.withLock { state in
            state.calls.append(action)
            let answer = Self.answer(action, form, &state)
            let index = state.lostReplies.firstIndex(of: action)
            if let index { state.lostReplies.remove(at: index) }
            return (answer, index != nil)
        }
        if isLost { throw HTTPTransportError(.connectionLost) }
        let bytes = Mutex<[UInt8]?>(Array(answer.body.utf8))
        return HTTPResponse(
            status: answer.status,
            body: HTTPBody { () throws(HTTPTransportError) in
                bytes.withLock { bytes in
                    defer { bytes = nil }
                    return bytes
                }
            })
    }

    private static func form(_ body: String) -> [String: String] {
        var form: [String: String] = [:]
        for pair in body.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1).map { $0.removingPercentEncodingPlain }
            form[parts.first ?? ""] = parts.count > 1 ? parts[1] : ""
        }
        return form
    }

    private static func answer(
        _ action: String, _ form: [String: String], _ state: inout State
    ) -> (status: Int, body: String) {
        switch action {
        case "DescribeAutoScalingGroups": return (200, Self.group(state))
        case "SetDesiredCapacity":
            state.desired = Int(form["DesiredCapacity"] ?? "") ?? state.desired
            if state.machines.count > state.desired { Self.work(&state) }
        case "SuspendProcesses":
            if state.comesLate {
                (state.comesLate, state.capacity) = (false, 1)
                Self.work(&state)
            }
            state.isLaunching = false
        case "ResumeProcesses": state.isLaunching = true
        case "CreateOrUpdateTags":
            state.tags[form["Tags.member.1.Key"] ?? ""] = form["Tags.member.1.Value"]
        case "TerminateInstanceInAutoScalingGroup":
            let name = form["InstanceId"] ?? ""
            guard let machine = state.machines[name], machine.state != "Terminating" else {
                return (400, "<E><Error><Code>ValidationError</Code><Message>no \(name)</Message></Error></E>")
            }
            state.machines[name]?.state = "Terminating"
            state.desired -= 1
        case "DescribeScalingActivities":
            let failed =
                "<member><StatusCode>Failed</StatusCode><StartTime>2099-01-01T00:00:00Z</StartTime>"
                + "<StatusMessage>We currently do not have sufficient g6.xlarge capacity</StatusMessage></member>"
            let activities = "<Activities>\(state.hasFailed ? failed : "")</Activities>"
            return (200, "<R><DescribeScalingActivitiesResult>\(activities)</DescribeScalingActivitiesResult></R>")
        case "CreateTags":
            for index in 1...500 {
                guard let name = form["ResourceId.\(index)"] else { break }
                state.machines[name]?.tags[form["Tag.1.Key"] ?? ""] = form["Tag.1.Value"]
            }
        case "DescribeInstances": return (200, Self.instances(form, state))
        case "GET /clusters/prod/node-groups/gpus": return (200, state.nodegroup)
        default: return (400, "<E><Error><Code>InvalidAction</Code></Error></E>")
        }
        return (200, "<R/>")
    }

    private static func group(_ state: State) -> String {
        let instances = state.machines.map { name, machine in
            "<member><InstanceId>\(name)</InstanceId><InstanceType>g6.xlarge</InstanceType><AvailabilityZone>"
                + "us-east-1a</AvailabilityZone><LifecycleState>\(machine.state)</LifecycleState></member>"
        }
        let tags = state.tags.map { "<member><Key>\($0.key)</Key><Value>\($0.value)</Value></member>" }
        return "<R><DescribeAutoScalingGroupsResult><AutoScalingGroups><member><AutoScalingGroupName>gpus"
            + "</AutoScalingGroupName><MinSize>0</MinSize><MaxSize>\(state.maxSize)</MaxSize><DesiredCapacity>"
            + "\(state.desired)</DesiredCapacity><Instances>\(instances.joined())</Instances><Tags>\(tags.joined())"
            + "</Tags></member></AutoScalingGroups></DescribeAutoScalingGroupsResult></R>"
    }

    private static func instances(_ form: [String: String], _ state: State) -> String {
        let asked = Set(form.filter { $0.key.hasPrefix("Filter.1.Value") }.values)
        let items = state.machines.filter { asked.contains($0.key) }.map { name, machine in
            let tags = machine.tags.map { "<item><key>\($0.key)</key><value>\($0.value)</value></item>" }
            return "<item><instanceId>\(name)</instanceId><instanceType>g6.xlarge</instanceType><placement>"
                + "<availabilityZone>us-east-1a</availabilityZone></placement><tagSet>\(tags.joined())</tagSet></item>"
        }
        return "<R><reservationSet><item><instancesSet>\(items.joined())</instancesSet></item></reservationSet></R>"
    }
}

extension Substring {
    /// Of `application/x-www-form-urlencoded`.
    fileprivate var removingPercentEncodingPlain: String {
        var bytes: [UInt8] = []
        var rest = Array(self.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%"), rest.count >= 2 else {
                bytes.append(byte)
                continue
            }
            bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
