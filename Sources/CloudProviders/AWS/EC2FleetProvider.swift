public import HTTPTransport
import SchedulingModel

/// Machines of AWS EC2, bought by instant fleets: one type, one zone, all or nothing.
///
/// Every machine carries the tags `berth.dev/pool` and `berth.dev/launch`, so that what was bought before a crash is found.
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

    private let transport: any HTTPTransport
    private let host: String
    private let signature: SignatureV4
    private let templates: [String: Template]
    /// UTC, as `20150830T123600Z`.
    private let timestamp: @Sendable () -> String
    private static let answerLimit = 8 << 20

    public init(
        transport: any HTTPTransport, host: String, credentials: AWSCredentials, region: String,
        templates: [String: Template], timestamp: @escaping @Sendable () -> String
    ) {
        self.transport = transport
        self.host = host
        self.signature = SignatureV4(credentials: credentials, region: region, service: "ec2")
        self.templates = templates
        self.timestamp = timestamp
    }

    // MARK: NodePoolProvider

    public func grow(_ request: LaunchRequest) async throws(NodePoolError) -> [LaunchedMachine] {
        let answer = try await self.call(try self.createFleet(request))
        let machines = EC2Query.texts(of: "instanceIds", in: answer).flatMap { EC2Query.texts(of: "item", in: $0) }
            .map(MachineID.init)
        guard machines.count == request.count else {
            if !machines.isEmpty { try await self.delete(machines) }
            let errors = EC2Query.texts(of: "errorCode", in: answer)
            let detail = "\(request.offering): \(machines.count) of \(request.count); \(errors.joined(separator: ", "))"
            throw NodePoolError(errors.first.map(EC2Query.code(ofError:)) ?? .noCapacity, detail)
        }
        return machines.sorted().map { LaunchedMachine(id: $0, offering: request.offering) }
    }

    public func delete(_ machines: [MachineID]) async throws(NodePoolError) {
        guard !machines.isEmpty else { return }
        let ids = machines.sorted().enumerated().map {
            (key: "InstanceId.\($0.offset + 1)", value: $0.element.rawValue)
        }
        do {
            _ = try await self.call(EC2Query("TerminateInstances", ids))
        } catch  where error.detail.hasPrefix("InvalidInstanceID.NotFound") {
            // EC2 then terminates none of the call, so they are given back one by one.
            if machines.count > 1 { for machine in machines { try await self.delete([machine]) } }
        }
    }

    public func machines(of pool: String) async throws(NodePoolError) -> [LaunchedMachine] {
        var (found, token) = ([LaunchedMachine](), String?.none)
        repeat {
            var parameters: [(key: String, value: String)] = [
                ("Filter.1.Name", "tag:berth.dev/pool"), ("Filter.1.Value.1", pool),
                ("Filter.2.Name", "instance-state-name"), ("Filter.2.Value.1", "pending"),
                ("Filter.2.Value.2", "running"),
            ]
            if let token { parameters.append(("NextToken", token)) }
            let answer = try await self.call(EC2Query("DescribeInstances", parameters))
            found += Self.instances(in: answer)
            token = EC2Query.texts(of: "nextToken", in: answer).first { !$0.isEmpty }
        } while token != nil
        return found.sorted { $0.id < $1.id }
    }

    /// Within one answer the ids, types and zones of instances come in the same order.
    private static func instances(in answer: String) -> [LaunchedMachine] {
        answer.split(separator: "<instanceId>").dropFirst().compactMap { text in
            let record = "<instanceId>" + text
            guard let id = EC2Query.texts(of: "instanceId", in: record).first,
                let type = EC2Query.texts(of: "instanceType", in: record).first,
                let zone = EC2Query.texts(of: "availabilityZone", in: record).first
            else { return nil }
            let isSpot = EC2Query.texts(of: "instanceLifecycle", in: record).first == "spot"
            let key = OfferingKey(instanceType: type, zone: zone, capacityType: isSpot ? .spot : .onDemand)
            return LaunchedMachine(id: MachineID(id), offering: key)
        }
    }

    // MARK: Calls

    private func createFleet(_ request: LaunchRequest) throws(NodePoolError) -> EC2Query {
        guard let template = self.templates[request.pool], let subnet = template.subnets[request.offering.zone] else {
            throw NodePoolError(.invalid, "pool \(request.pool) has no subnet in \(request.offering.zone)")
        }
        let count = String(request.count)
        let isSpot = request.offering.capacityType == .spot
        let options = isSpot ? "SpotOptions" : "OnDemandOptions"
        // Open reservations of the account count first; what they lack would be bought on demand.
        let reservations: [(key: String, value: String)] =
            request.offering.capacityType == .reserved
            ? [("\(options).CapacityReservationOptions.UsageStrategy", "use-capacity-reservations-first")] : []
        return EC2Query(
            "CreateFleet",
            reservations + [
                ("Type", "instant"), ("ClientToken", request.clientToken),
                ("LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateId", template.launchTemplateID),
                ("LaunchTemplateConfigs.1.LaunchTemplateSpecification.Version", "$Default"),
                ("LaunchTemplateConfigs.1.Overrides.1.InstanceType", request.offering.instanceType),
                ("LaunchTemplateConfigs.1.Overrides.1.SubnetId", subnet),
                ("TargetCapacitySpecification.TotalTargetCapacity", count),
                ("TargetCapacitySpecification.DefaultTargetCapacityType", isSpot ? "spot" : "on-demand"),
                ("\(options).SingleInstanceType", "true"), ("\(options).SingleAvailabilityZone", "true"),
                ("\(options).MinTargetCapacity", count),
                ("TagSpecification.1.ResourceType", "instance"),
                ("TagSpecification.1.Tag.1.Key", "berth.dev/pool"), ("TagSpecification.1.Tag.1.Value", request.pool),
                ("TagSpecification.1.Tag.2.Key", "berth.dev/launch"),
                ("TagSpecification.1.Tag.2.Value", request.clientToken),
            ])
    }

    private func call(_ query: EC2Query) async throws(NodePoolError) -> String {
        let body = query.body
        let headers = self.signature.signed(
            ["host": self.host, "content-type": "application/x-www-form-urlencoded; charset=utf-8"], body: body,
            timestamp: self.timestamp())
        let request = HTTPRequest(
            method: "POST", target: "/", headers: headers, body: body, limits: HTTPTimeLimits(total: .seconds(60)))
        let status: Int
        let text: String
        do {
            let response = try await self.transport.send(request)
            status = response.status
            text = String(decoding: try await response.body.collect(upTo: Self.answerLimit), as: UTF8.self)
        } catch {
            throw NodePoolError(.transient, error.description)
        }
        guard status != 200 else { return text }
        guard let code = EC2Query.texts(of: "Code", in: text).first else {
            throw NodePoolError(status == 429 || status >= 500 ? .transient : .invalid, "HTTP \(status)")
        }
        let message = EC2Query.texts(of: "Message", in: text).first ?? ""
        throw NodePoolError(EC2Query.code(ofError: code), "\(code): \(message)")
    }
}
