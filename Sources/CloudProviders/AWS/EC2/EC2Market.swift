import ClusterImport
import SchedulingModel

/// Machine types and spot prices, as EC2 tells them. On-demand prices have an interface of their own that Berth does not ask: they
/// are the catalogue's, or the user's.
struct EC2Market: Sendable {
    let client: AWSServiceClient

    /// Shapes of the pool's types, and today's spot prices in its zones. What is not told is a problem and no error.
    func supply(of pool: PoolSettings) async -> PoolSupply {
        var supply = PoolSupply()
        do throws(AWSError) { supply.machineTypes = try await self.machineTypes(pool.instanceTypes) } catch {
            supply.problems.append("machine types are the catalogue's: \(error.poolError)")
        }
        guard pool.capacityTypes.contains(.spot) else { return supply }
        do throws(AWSError) {
            supply.prices = try await self.spotPrices(of: pool.instanceTypes, in: pool.zones)
            let told = Set(supply.prices.map { "\($0.instanceType) in \($0.zone ?? "")" })
            let wanted = pool.instanceTypes.flatMap { type in pool.zones.map { "\(type) in \($0)" } }
            supply.problems += wanted.filter { !told.contains($0) }.map { "there is no spot price of \($0)" }
        } catch { supply.problems.append("spot prices are the catalogue's: \(error.poolError)") }
        return supply
    }

    // MARK: Types

    /// Those of the types that the region has, by name.
    func machineTypes(_ names: [String]) async throws(AWSError) -> [PoolSettings.MachineSetting] {
        guard !names.isEmpty else { return [] }
        // A filter passes over types that the region does not have, which a list of names would not.
        let values = names.enumerated().map { (key: "Filter.1.Value.\($0.offset + 1)", value: $0.element) }
        let items = try await self.pages(
            "DescribeInstanceTypes", [("Filter.1.Name", "instance-type")] + values, list: "instanceTypeSet")
        return items.compactMap(PoolSettings.MachineSetting.init(instanceType:)).sorted { $0.name < $1.name }
    }

    // MARK: Prices

    /// The newest of each type and zone.
    func spotPrices(of types: [String], in zones: [String]) async throws(AWSError) -> [PoolSettings.PriceSetting] {
        let now = AWSTime.dateTime(self.client.now())
        let names = types.enumerated().map { (key: "InstanceType.\($0.offset + 1)", value: $0.element) }
        let inZones = zones.enumerated().map { (key: "Filter.1.Value.\($0.offset + 1)", value: $0.element) }
        // From now to now: the price of each that holds.
        let parameters =
            names + [
                ("ProductDescription.1", "Linux/UNIX"), ("StartTime", now), ("EndTime", now),
                ("Filter.1.Name", "availability-zone"),
            ]
        let items = try await self.pages(
            "DescribeSpotPriceHistory", parameters + inZones, list: "spotPriceHistorySet")
        var newest: [OfferingKey: (time: String, price: Int64)] = [:]
        for item in items {
            guard let type = item.text("instanceType"), let zone = item.text("availabilityZone"),
                let price = item.text("spotPrice").flatMap(Double.init), price > 0, price < 1e6
            else { continue }
            let key = OfferingKey(instanceType: type, zone: zone, capacityType: .spot)
            let time = item.text("timestamp") ?? ""
            if let known = newest[key], known.time >= time { continue }
            newest[key] = (time, Int64((price * 1e6).rounded()))
        }
        return newest.sorted { $0.key < $1.key }.map { key, value in
            .init(
                instanceType: key.instanceType, capacityType: .spot, zone: key.zone, microUSDPerHour: value.price)
        }
    }

    private func pages(
        _ action: String, _ parameters: [(key: String, value: String)], list: String
    ) async throws(AWSError) -> [XMLElement] {
        var (items, token) = ([XMLElement](), String?.none)
        repeat {
            let next = token.map { [(key: "NextToken", value: $0)] } ?? []
            let answer = try await self.client.send(AWSQuery(action, version: "2016-11-15", parameters + next))
            items += answer.list(list)
            token = answer.text("nextToken")
        } while token != nil
        return items
    }
}

extension PoolSettings.MachineSetting {
    /// One `item` of DescribeInstanceTypes; nil where it has no name, cores or memory.
    init?(instanceType item: XMLElement) {
        guard let name = item.text("instanceType"),
            let cpus = item["vCpuInfo"]?.text("defaultVCpus").flatMap(Int64.init), cpus > 0,
            let memory = item["memoryInfo"]?.text("sizeInMiB").flatMap(Int64.init), memory > 0
        else { return nil }
        self.init(name: name, cpuCount: cpus, memoryMiB: memory)
        let architectures = item["processorInfo"]?.list("supportedArchitectures").map(\.text) ?? []
        self.architecture = architectures.contains("arm64") ? "arm64" : "amd64"
        if let gpu = item["gpuInfo"]?.list("gpus").first {
            self.deviceResource = ResourceName(Self.resource(ofMaker: gpu.text("manufacturer") ?? ""))
            self.deviceCount = gpu.text("count").flatMap { Int($0) } ?? 0
            self.memoryMiBPerDevice = gpu["memoryInfo"]?.text("sizeInMiB").flatMap(Int64.init)
        } else if let neuron = item["neuronInfo"]?.list("neuronDevices").first {
            self.deviceResource = ResourceName("aws.amazon.com/neuron")
            self.deviceCount = neuron.text("count").flatMap { Int($0) } ?? 0
            self.memoryMiBPerDevice = neuron["memoryInfo"]?.text("sizeInMiB").flatMap(Int64.init)
        }
    }

    private static func resource(ofMaker maker: String) -> String {
        switch maker {
        case "AMD": "amd.com/gpu"
        case "Habana": "habana.ai/gaudi"
        default: "nvidia.com/gpu"
        }
    }
}
