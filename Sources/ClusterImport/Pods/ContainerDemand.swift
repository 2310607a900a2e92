import KubernetesAPI
import SchedulingModel

/// What one container asks for, with limits standing in for requests that are not given, as the API server does.
struct ContainerDemand: Hashable, Sendable {
    var amounts: ResourceAmounts
    var isSidecar = false

    init(amounts: ResourceAmounts, isSidecar: Bool = false) {
        self.amounts = amounts
        self.isSidecar = isSidecar
    }

    /// - Parameter path: The container's place, for example `spec.containers[0]`.
    init(_ container: Container, path: @autoclosure () -> String, problems: inout [Problem]) {
        let resources = container.resources
        self.init(
            amounts: ResourceAmounts(
                asked: resources.limits.isEmpty
                    ? resources.requests : resources.requests.merging(resources.limits) { asked, _ in asked }),
            isSidecar: container.isSidecar)
        guard Self.isSuspicious(resources) else { return }
        problems += Self.problems(of: resources, path: path())
    }

    /// A quick look that spares the ordinary container the slow one.
    private static func isSuspicious(_ resources: ResourceRequirements) -> Bool {
        resources.requests.contains { $0.value.isNegative || $0.key.contains("/") }
            || resources.limits.contains { $0.value.isNegative || $0.key.contains("/") }
    }

    /// The rules of the API server's validation: no negative amounts; extended resources whole, limits equal to requests.
    private static func problems(of resources: ResourceRequirements, path: String) -> [Problem] {
        var problems: [Problem] = []
        for (part, quantities) in [("requests", resources.requests), ("limits", resources.limits)] {
            for (name, quantity) in quantities.sorted(by: { $0.key < $1.key }) {
                let field = "\(path).resources.\(part)[\(name)]"
                if quantity.isNegative {
                    problems.append(.error(field, found: quantity.text, expected: "an amount from 0"))
                } else if ResourceName(name).isExtended, !quantity.isWholeNumber {
                    problems.append(.error(field, found: quantity.text, expected: "a whole number"))
                }
            }
        }
        for (name, request) in resources.requests.sorted(by: { $0.key < $1.key })
        where ResourceName(name).isExtended {
            let field = "\(path).resources.limits[\(name)]"
            guard let limit = resources.limits[name] else {
                problems.append(.error(field, found: "nothing", expected: "\(request.text), as requested"))
                continue
            }
            if limit < request || request < limit {
                problems.append(.error(field, found: limit.text, expected: "\(request.text), as requested"))
            }
        }
        return problems
    }
}
