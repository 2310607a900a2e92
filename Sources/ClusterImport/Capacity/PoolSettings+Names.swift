import KubernetesAPI
import SchedulingModel

/// Names in a pool: those that stand twice, are empty, or mean nothing in it.
extension PoolSettings {
    /// It is the value of a label on the pool's nodes.
    static func name(_ fields: ObjectReader) -> String? {
        guard let name = fields.requiredString("name") else { return nil }
        let isLabel =
            name.utf8.count <= 63
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
            && ![name.first, name.last].contains { $0.map("-_.".contains) ?? true }
        guard isLabel else {
            fields.report(
                "name",
                expected:
                    "a label's value: at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends")
            return nil
        }
        return name
    }

    /// Each once and in order.
    static func names(_ key: String, _ fields: ObjectReader) -> [String] {
        let all = fields.strings(key)
        var names: [String] = []
        for name in all where !name.isEmpty && !names.contains(name) { names.append(name) }
        if let twice = names.first(where: { name in all.count { $0 == name } > 1 }) {
            fields.report(key, expected: "each name once; \(twice) stands there more than once")
        } else if names.isEmpty || names.count < all.count {
            fields.report(key, expected: "at least one name, and none that is empty")
        }
        return names
    }

    /// Prices and machine types for what the pool does not offer are of no use, and most often misspelt.
    func checkNames(_ fields: ObjectReader) {
        for price in fields.objects("prices") {
            Self.check(price, "instanceType", self.instanceTypes)
            Self.check(price, "zone", self.zones)
            Self.check(price, "capacityType", self.capacityTypes.map(\.rawValue))
        }
        var seen: Set<String> = []
        for machine in fields.objects("machineTypes") {
            Self.check(machine, "name", self.instanceTypes)
            if let name = machine.field("name")?.string, !seen.insert(name).inserted {
                machine.report("name", expected: "a name that no other of the machine types has")
            }
        }
    }

    private static func check(_ fields: ObjectReader, _ key: String, _ known: [String]) {
        guard let name = fields.field(key)?.string, !known.isEmpty, !known.contains(name) else { return }
        fields.report(key, severity: .warning, expected: "one that the pool offers: \(known.joined(separator: ", "))")
    }
}
