public import ClusterImport
public import SchedulingModel

/// Machines of AWS EC2, bought by instant fleets: one type, one zone, all or nothing.
///
/// Every machine carries the tags of `EC2Tag`, so that what was bought before a crash is found, and two clusters of one account
/// may have pools of the same name.
public struct EC2FleetProvider: NodePoolProvider {
    /// What a pool is launched with.
    public struct Template: Sendable {
        public var launchTemplateID: String
        /// Subnet per zone.
        public var subnets: [String: String]

        public init(launchTemplateID: String, subnets: [String: String]) {
            self.launchTemplateID = launchTemplateID
            self.subnets = subnets
        }
    }

    private let client: AWSServiceClient
    private let cluster: String
    private let templates: [String: Template]

    /// - Parameters:
    ///   - cluster: Whose machines these are; unique in the account and region.
    ///   - templates: By pool.
    public init(account: AWSAccount, cluster: String, templates: [String: Template]) throws(AWSError) {
        self.client = try account.client(.ec2)
        self.cluster = cluster
        self.templates = templates
    }

    // MARK: NodePoolProvider

    public func grow(_ request: LaunchRequest) async throws(NodePoolError) -> [LaunchedMachine] {
        let answer = try await self.call(try self.createFleet(request))
        let machines = answer.list("fleetInstanceSet").flatMap { $0.list("instanceIds") }.map { MachineID($0.text) }
        guard machines.count == request.count else {
            try await self.undo(machines)
            throw Self.refusal(of: request, launched: machines.count, answer)
        }
        return machines.sorted().map { EC2Instance.launched($0, request.offering, clientToken: request.clientToken) }
    }

    public func delete(_ machines: [MachineID], of pool: String) async throws(NodePoolError) {
        try await self.terminate(machines)
    }

    private func terminate(_ machines: [MachineID]) async throws(NodePoolError) {
        let sorted = machines.sorted()
        for start in stride(from: 0, to: sorted.count, by: Self.deletionLimit) {
            try await self.deleteTogether(sorted[start..<min(start + Self.deletionLimit, sorted.count)])
        }
    }

    public func machines(of pool: String) async throws(NodePoolError) -> [LaunchedMachine] {
        var (found, token) = ([LaunchedMachine](), String?.none)
        repeat {
            var parameters: [(key: String, value: String)] = [
                ("Filter.1.Name", "tag:\(EC2Tag.pool)"), ("Filter.1.Value.1", pool),
                ("Filter.2.Name", "tag:\(EC2Tag.cluster)"), ("Filter.2.Value.1", self.cluster),
                ("Filter.3.Name", "instance-state-name"), ("Filter.3.Value.1", "pending"),
                ("Filter.3.Value.2", "running"),
            ]
            if let token { parameters.append(("NextToken", token)) }
            let answer = try await self.call(Self.query("DescribeInstances", parameters))
            let instances = answer.list("reservationSet").flatMap { $0.list("instancesSet") }
            found += instances.compactMap { EC2Instance($0)?.launched }
            token = answer.text("nextToken")
        } while token != nil
        return found.sorted { $0.id < $1.id }
    }

    public func supply(of pool: PoolSettings) async throws(NodePoolError) -> PoolSupply {
        await EC2Market(client: self.client).supply(of: pool)
    }

    public func topologyLabels(
        of machines: [MachineID], in pool: String
    ) async throws(NodePoolError) -> [MachineID: [String: String]] {
        try await EC2Topology(client: self.client).labels(of: machines)
    }

    // MARK: Launching

    private func createFleet(_ request: LaunchRequest) throws(NodePoolError) -> AWSQuery {
        guard let template = self.templates[request.pool], let subnet = template.subnets[request.offering.zone] else {
            throw NodePoolError(.invalid, "pool \(request.pool) has no subnet in \(request.offering.zone)")
        }
        guard request.count > 0, !request.clientToken.isEmpty, request.clientToken.utf8.count <= 64 else {
            throw NodePoolError(.invalid, "\(request.count) machines with token '\(request.clientToken)'")
        }
        let count = String(request.count)
        let isSpot = request.offering.capacityType == .spot
        let options = isSpot ? "SpotOptions" : "OnDemandOptions"
        var parameters: [(key: String, value: String)] = [
            ("Type", "instant"), ("ClientToken", request.clientToken),
            ("LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateId", template.launchTemplateID),
            ("LaunchTemplateConfigs.1.LaunchTemplateSpecification.Version", "$Default"),
            ("LaunchTemplateConfigs.1.Overrides.1.InstanceType", request.offering.instanceType),
            ("LaunchTemplateConfigs.1.Overrides.1.SubnetId", subnet),
            ("TargetCapacitySpecification.TotalTargetCapacity", count),
            ("TargetCapacitySpecification.DefaultTargetCapacityType", isSpot ? "spot" : "on-demand"),
            ("\(options).AllocationStrategy", isSpot ? "capacity-optimized" : "lowest-price"),
            ("\(options).SingleInstanceType", "true"), ("\(options).SingleAvailabilityZone", "true"),
            ("\(options).MinTargetCapacity", count),
            ("TagSpecification.1.ResourceType", "instance"),
        ]
        if request.offering.capacityType == .reserved {
            // Open reservations of the account count first; what they lack would be bought on demand.
            parameters.append(
                ("\(options).CapacityReservationOptions.UsageStrategy", "use-capacity-reservations-first"))
        }
        for (index, tag) in EC2Tag.all(of: request, cluster: self.cluster).enumerated() {
            parameters.append(("TagSpecification.1.Tag.\(index + 1).Key", tag.key))
            parameters.append(("TagSpecification.1.Tag.\(index + 1).Value", tag.value))
        }
        return Self.query("CreateFleet", parameters)
    }

    /// Terminates what a partial launch brought. Where that fails the outcome stays unknown: asked again with the same token, EC2
    /// names the same machines, and they are terminated then.
    private func undo(_ machines: [MachineID]) async throws(NodePoolError) {
        do throws(NodePoolError) { try await self.terminate(machines) } catch {
            let names = machines.map(\.rawValue).joined(separator: ", ")
            throw NodePoolError(.transient, "a partial launch is not undone yet (\(names)): \(error)")
        }
    }

    /// Why a fleet that was answered has too few machines. EC2 gives the same answer for the same token, so no code that would
    /// make anybody ask again is told: the launch found no capacity.
    private static func refusal(of request: LaunchRequest, launched: Int, _ answer: XMLElement) -> NodePoolError {
        let errors = answer.list("errorSet").map {
            (code: $0.text("errorCode") ?? "", message: $0.text("errorMessage") ?? "")
        }
        let meanings = errors.map { AWSError.meaning(ofCode: $0.code, status: 400) }
        let told: [NodePoolError.Code] = [.denied, .quota, .noCapacity, .invalid]
        let texts = errors.map { "\($0.code): \($0.message)" }.joined(separator: "; ")
        return NodePoolError(
            told.first(where: meanings.contains) ?? .noCapacity,
            "\(request.offering): \(launched) of \(request.count) machines; \(texts)")
    }

    // MARK: Terminating

    /// Machines of one call; EC2 takes up to a thousand.
    private static let deletionLimit = 500

    /// - Complexity: One call; where some are gone, O(g log n) calls for g that are.
    private func deleteTogether(_ machines: ArraySlice<MachineID>) async throws(NodePoolError) {
        let ids = machines.enumerated().map { (key: "InstanceId.\($0.offset + 1)", value: $0.element.rawValue) }
        do throws(AWSError) {
            _ = try await self.client.send(Self.query("TerminateInstances", ids))
        } catch {
            guard error.code == "InvalidInstanceID.NotFound" else { throw error.poolError }
            // EC2 then terminates none of the call.
            guard machines.count > 1 else { return }
            let middle = machines.startIndex + machines.count / 2
            try await self.deleteTogether(machines[..<middle])
            try await self.deleteTogether(machines[middle...])
        }
    }

    // MARK: Calls

    private static func query(_ action: String, _ parameters: [(key: String, value: String)]) -> AWSQuery {
        AWSQuery(action, version: "2016-11-15", parameters)
    }

    private func call(_ query: AWSQuery) async throws(NodePoolError) -> XMLElement {
        do throws(AWSError) { return try await self.client.send(query) } catch { throw error.poolError }
    }
}
