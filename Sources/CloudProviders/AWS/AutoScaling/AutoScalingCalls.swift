import KubernetesAPI
import SchedulingModel

/// Calls of Auto Scaling, EKS and EC2 that groups of machines need.
struct AutoScalingCalls: Sendable {
    /// Machines of one call that tags; EC2 takes up to a thousand.
    private static let tagLimit = 500
    /// What is looked for in one call of DescribeInstances.
    private static let filterLimit = 150

    let groups: AWSServiceClient
    let machines: AWSServiceClient
    /// With the cluster's name, for node groups of EKS: a group's name is then that of the node group.
    let nodegroups: (client: AWSServiceClient, cluster: String)?

    init(_ account: AWSAccount, eksCluster: String?) throws(AWSError) {
        self.groups = try account.client(.autoscaling)
        self.machines = try account.client(.ec2)
        self.nodegroups = if let eksCluster { (try account.client(.eks), eksCluster) } else { nil }
    }

    // MARK: Groups

    func group(_ name: String) async throws(NodePoolError) -> AutoScalingGroup {
        let real = try await self.autoScalingName(name)
        let answer = try await self.scaling("DescribeAutoScalingGroups", [("AutoScalingGroupNames.member.1", real)])
        let members = answer["DescribeAutoScalingGroupsResult"]?.list("AutoScalingGroups") ?? []
        guard let group = members.compactMap(AutoScalingGroup.init).first(where: { $0.name == real }) else {
            throw NodePoolError(.invalid, "there is no Auto Scaling group \(real)")
        }
        return group
    }

    /// A managed node group keeps its machines in an Auto Scaling group.
    private func autoScalingName(_ name: String) async throws(NodePoolError) -> String {
        guard self.nodegroups != nil else { return name }
        let nodegroup = try await self.nodegroup(name)
        let groups = nodegroup["resources"]?["autoScalingGroups"]?.elements ?? []
        guard let real = groups.first?["name"]?.string else {
            let status = nodegroup["status"]?.string ?? "no status"
            // While it is being created there is none yet.
            throw NodePoolError(
                status == "CREATING" ? .transient : .invalid, "node group \(name) (\(status)) has no Auto Scaling group"
            )
        }
        return real
    }

    /// The node group of that name; nothing where groups are not EKS's.
    func nodegroup(_ name: String) async throws(NodePoolError) -> JSONTree {
        guard let nodegroups = self.nodegroups else { return [:] }
        let path =
            "/clusters/\(AWSPercentEncoding.encode(nodegroups.cluster))/node-groups/\(AWSPercentEncoding.encode(name))"
        do throws(AWSError) {
            return try await nodegroups.client.send("GET", path, nil)["nodegroup"] ?? [:]
        } catch { throw error.poolError }
    }

    func set(_ launch: AutoScalingLaunch, on group: String) async throws(NodePoolError) {
        let tag = "Tags.member.1"
        _ = try await self.scaling(
            "CreateOrUpdateTags",
            [
                ("\(tag).ResourceId", group), ("\(tag).ResourceType", "auto-scaling-group"),
                ("\(tag).Key", AutoScalingLaunch.tag), ("\(tag).Value", launch.text),
                ("\(tag).PropagateAtLaunch", "false"),
            ])
    }

    func set(desired: Int, of group: String) async throws(NodePoolError) {
        _ = try await self.scaling(
            "SetDesiredCapacity",
            [("AutoScalingGroupName", group), ("DesiredCapacity", String(desired)), ("HonorCooldown", "false")])
    }

    /// Whether the group may launch machines; those that are on their way come all the same.
    func setLaunching(_ isAllowed: Bool, of group: String) async throws(NodePoolError) {
        _ = try await self.scaling(
            isAllowed ? "ResumeProcesses" : "SuspendProcesses",
            [("AutoScalingGroupName", group), ("ScalingProcesses.member.1", "Launch")])
    }

    /// The machine goes, and the group becomes smaller by it.
    func terminate(_ machine: String) async throws(NodePoolError) {
        _ = try await self.scaling(
            "TerminateInstanceInAutoScalingGroup",
            [("InstanceId", machine), ("ShouldDecrementDesiredCapacity", "true")])
    }

    /// What the group's newest failed activity since then says; nil where none failed.
    func failure(of group: String, since seconds: Int64) async throws(NodePoolError) -> String? {
        let answer = try await self.scaling(
            "DescribeScalingActivities", [("AutoScalingGroupName", group), ("MaxRecords", "20")])
        let activities = answer["DescribeScalingActivitiesResult"]?.list("Activities") ?? []
        let failed = activities.first { activity in
            guard activity.text("StatusCode") == "Failed" else { return false }
            return activity.text("StartTime").flatMap(RFC3339.seconds).map { $0 >= seconds } ?? false
        }
        return failed.map { $0.text("StatusMessage") ?? "an activity failed" }
    }

    // MARK: Machines

    /// The launch that each of these machines belongs to, where that is known.
    func launches(of machines: [String]) async throws(NodePoolError) -> [String: String] {
        var found: [String: String] = [:]
        for start in stride(from: 0, to: machines.count, by: Self.filterLimit) {
            let part = machines[start..<min(start + Self.filterLimit, machines.count)]
            // A filter passes over machines that are gone, which an id would not.
            let ids = part.enumerated().map { (key: "Filter.1.Value.\($0.offset + 1)", value: $0.element) }
            let answer = try await self.ec2("DescribeInstances", [("Filter.1.Name", "instance-id")] + ids)
            let instances = answer.list("reservationSet").flatMap { $0.list("instancesSet") }
            for instance in instances.compactMap(EC2Instance.init) {
                found[instance.id.rawValue] = instance.tags[EC2Tag.launch]
            }
        }
        return found
    }

    func tag(_ machines: [String], launch: String) async throws(NodePoolError) {
        for start in stride(from: 0, to: machines.count, by: Self.tagLimit) {
            let part = machines[start..<min(start + Self.tagLimit, machines.count)]
            let ids = part.enumerated().map { (key: "ResourceId.\($0.offset + 1)", value: $0.element) }
            _ = try await self.ec2("CreateTags", ids + [("Tag.1.Key", EC2Tag.launch), ("Tag.1.Value", launch)])
        }
    }

    // MARK: Sending

    private func scaling(
        _ action: String, _ parameters: [(key: String, value: String)]
    ) async throws(NodePoolError) -> XMLElement {
        do throws(AWSError) {
            return try await self.groups.send(AWSQuery(action, version: "2011-01-01", parameters))
        } catch { throw error.poolError }
    }

    private func ec2(
        _ action: String, _ parameters: [(key: String, value: String)]
    ) async throws(NodePoolError) -> XMLElement {
        do throws(AWSError) {
            return try await self.machines.send(AWSQuery(action, version: "2016-11-15", parameters))
        } catch { throw error.poolError }
    }
}
