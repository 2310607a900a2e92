import KubernetesAPI
import SchedulingModel

extension ResourceAmounts {
    /// What a node offers: rounded down, and nothing where the amount is negative.
    init(offered quantities: [String: Quantity], problems: inout [Problem]) {
        var amounts: [ResourceName: Int64] = [:]
        for (name, quantity) in quantities {
            if quantity.isNegative {
                problems.append(
                    .error(
                        "status.allocatable[\(name)]", found: quantity.text, expected: "an amount from 0; 0 is used"))
                continue
            }
            amounts[ResourceName(name)] = Self.amount(of: quantity, name: name, rounding: .down)
        }
        self.init(amounts)
    }

    /// What a pod asks for: rounded up. Negative amounts are left out; `ContainerDemand` reports them.
    init(asked quantities: [String: Quantity]) {
        if quantities.isEmpty {
            self.init()
            return
        }
        var amounts: [ResourceName: Int64] = [:]
        for (name, quantity) in quantities where !quantity.isNegative {
            amounts[ResourceName(name)] = Self.amount(of: quantity, name: name, rounding: .up)
        }
        self.init(amounts)
    }

    private static func amount(of quantity: Quantity, name: String, rounding: Quantity.Rounding) -> Int64 {
        name == "cpu" ? quantity.thousandths(rounding: rounding) : quantity.units(rounding: rounding)
    }
}
