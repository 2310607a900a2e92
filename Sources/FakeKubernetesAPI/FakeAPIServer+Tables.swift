import KubernetesAPI

/// Server-side tables: what `kubectl get` prints.
extension FakeAPIServer {
    static func checkTableOptions(_ target: RequestTarget) throws(APIFailure) {
        let include = target.options["includeObject"] ?? "Metadata"
        guard ["Metadata", "Object", "None"].contains(include) else {
            throw .badRequest("includeObject: Invalid value: \"\(include)\": must be 'Metadata', 'Object', 'None'")
        }
    }

    /// An object or a list as a table.
    func table(_ whole: JSONTree, _ target: RequestTarget, _ version: String) -> JSONTree {
        let include = target.options["includeObject"] ?? "Metadata"
        let objects = whole["items"]?.elements ?? [whole]
        var metadata: JSONTree = [:]
        for field in ["resourceVersion", "continue", "remainingItemCount"] {
            metadata[field] = whole["metadata"]?[field]
        }
        let columns = self.columns(of: target.kind) ?? TableColumns.plain
        return [
            "kind": "Table", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": metadata,
            "columnDefinitions": .array(
                columns.map { column in
                    [
                        "name": .string(column.name), "type": .string(column.type), "format": .string(column.format),
                        "description": .string(column.description), "priority": .integer(column.priority),
                    ]
                }),
            "rows": .array(objects.map { self.row($0, target.kind, include, version) }),
        ]
    }

    /// Nil for kinds whose columns are not copied.
    private func columns(of kind: ResourceKind) -> [TableColumns.Column]? {
        if let custom = self.customResources[kind] { return TableColumns.custom(custom.printerColumns) }
        return switch kind.kind {
        case "Pod": TableColumns.pod
        case "Node": TableColumns.node
        case "Deployment": TableColumns.deployment
        case "Namespace": TableColumns.namespace
        case "PodDisruptionBudget": TableColumns.budget
        case "Lease": TableColumns.lease
        case "Event": TableColumns.event
        case "PodGroup" where kind == .podGroups: TableColumns.podGroup
        case "ConfigMap": TableColumns.configMap
        case "Secret": TableColumns.secret
        case "Service": TableColumns.service
        case "ServiceAccount": TableColumns.serviceAccount
        case "ReplicaSet": TableColumns.replicaSet
        case "StatefulSet": TableColumns.statefulSet
        case "PriorityClass": TableColumns.priorityClass
        case "Role", "ClusterRole", "CustomResourceDefinition": TableColumns.plain
        default: kind.isCustom ? TableColumns.plain : nil
        }
    }

    func hasTable(_ kind: ResourceKind) -> Bool { self.columns(of: kind) != nil }

    private func row(_ object: JSONTree, _ kind: ResourceKind, _ include: String, _ version: String) -> JSONTree {
        var row: JSONTree = ["cells": .array(self.cells(object, kind))]
        let phase = object[path: ["status", "phase"]]?.string ?? ""
        if kind == .pods, ["Succeeded", "Failed"].contains(phase) {
            let message = phase == "Failed" ? "The pod failed." : "The pod has completed successfully."
            row["conditions"] = [
                ["type": "Completed", "status": "True", "reason": .string(phase), "message": .string(message)]
            ]
        }
        switch include {
        case "None": row["object"] = .null
        case "Object":
            var whole: JSONTree = ["kind": .string(kind.kind), "apiVersion": .string(kind.apiVersion)]
            for member in object.members where whole[member.key] == nil { whole[member.key] = member.value }
            row["object"] = whole
        default:
            var part: JSONTree = [
                "kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"),
            ]
            part["metadata"] = object["metadata"]
            row["object"] = part
        }
        return row
    }

    // MARK: Cells

    private func cells(_ object: JSONTree, _ kind: ResourceKind) -> [JSONTree] {
        let name = object["metadata"]?["name"] ?? ""
        let age = JSONTree.string(self.age(object["metadata"]?["creationTimestamp"]))
        let (spec, status) = (object["spec"] ?? [:], object["status"] ?? [:])
        switch kind.kind {
        case "Pod": return [name] + self.podCells(object, age)
        case "Node": return [name] + Self.nodeCells(object, age)
        case "Namespace": return [name, status["phase"] ?? "", age]
        case "Lease": return [name, spec["holderIdentity"] ?? "", age]
        case "PodDisruptionBudget":
            let limits = ["minAvailable", "maxUnavailable"].map { JSONTree.string(Self.text(spec[$0]) ?? "N/A") }
            return [name] + limits + [status["disruptionsAllowed"] ?? 0, age]
        case "Deployment", "ReplicaSet", "StatefulSet": return Self.workloadCells(object, kind.kind, name, age)
        case "ConfigMap":
            let count = (object["data"]?.members.count ?? 0) + (object["binaryData"]?.members.count ?? 0)
            return [name, .integer(Int64(count)), age]
        case "Secret":
            return [name, object["type"] ?? "", .integer(Int64(object["data"]?.members.count ?? 0)), age]
        case "ServiceAccount": return [name, .integer(Int64(object["secrets"]?.elements.count ?? 0)), age]
        case "Service": return Self.serviceCells(spec, name, age)
        case "PriorityClass":
            let isDefault = object["globalDefault"] ?? .boolean(false)
            return [name, object["value"] ?? 0, isDefault, object["preemptionPolicy"] ?? "", age]
        case "Event": return self.eventCells(object, name)
        case "PodGroup" where kind == .podGroups:
            let policy: JSONTree = spec[path: ["schedulingPolicy", "gang"]] == nil ? "Basic" : "Gang"
            let workload = spec[path: ["podGroupTemplateRef", "workload", "workloadName"]] ?? Self.none
            let scheduled = (status["conditions"]?.elements ?? []).first { $0["type"] == "PodGroupScheduled" }
            let state = scheduled.map { $0["status"] == "True" ? "Scheduled" : $0["reason"] ?? "" } ?? "Pending"
            return [name, policy, workload, state, age]
        default:
            guard let columns = self.customResources[kind]?.printerColumns, !columns.isEmpty else {
                return [name, kind.isCustom ? age : object["metadata"]?["creationTimestamp"] ?? .null]
            }
            return [name]
                + columns.map { column in
                    let keys = (column["jsonPath"]?.string ?? "").split(separator: ".").map(String.init)
                    let value = object[path: keys]
                    return column["type"] == "date" ? .string(self.age(value)) : value ?? .null
                }
        }
    }

    private static func text(_ value: JSONTree?) -> String? {
        value?.string ?? value?.integer.map { String($0) }
    }

    private static let none: JSONTree = "<none>"

    private static func workloadCells(
        _ object: JSONTree, _ kind: String, _ name: JSONTree, _ age: JSONTree
    ) -> [JSONTree] {
        let (spec, status) = (object["spec"] ?? [:], object["status"] ?? [:])
        let containers = spec[path: ["template", "spec", "containers"]]?.elements ?? []
        let parts = ["name", "image"].map { field in
            JSONTree.string(containers.compactMap { $0[field]?.string }.joined(separator: ","))
        }
        let selector = JSONTree.string(Self.labels(spec[path: ["selector", "matchLabels"]]))
        let ready = "\(status["readyReplicas"]?.integer ?? 0)/\(spec["replicas"]?.integer ?? 0)"
        switch kind {
        case "StatefulSet": return [name, .string(ready), age] + parts
        case "ReplicaSet":
            let counts = [spec["replicas"], status["replicas"], status["readyReplicas"]].map { $0 ?? 0 }
            return [name] + counts + [age] + parts + [selector]
        default:
            let counts = [status["updatedReplicas"], status["availableReplicas"]].map { $0 ?? 0 }
            return [name, .string(ready)] + counts + [age] + parts + [selector]
        }
    }

    private static func labels(_ labels: JSONTree?) -> String {
        (labels?.members ?? []).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.string ?? "")" }
            .joined(separator: ",")
    }

    private static func serviceCells(_ spec: JSONTree, _ name: JSONTree, _ age: JSONTree) -> [JSONTree] {
        let ports = (spec["ports"]?.elements ?? []).map { port in
            let node = port["nodePort"]?.integer.map { ":\($0)" } ?? ""
            return "\(port["port"]?.integer ?? 0)\(node)/\(port["protocol"]?.string ?? "")"
        }
        let selector = Self.labels(spec["selector"])
        let external: JSONTree
        switch spec["type"]?.string {
        case "ExternalName": external = spec["externalName"] ?? Self.none
        case "LoadBalancer": external = "<pending>"
        default: external = Self.none
        }
        return [
            name, spec["type"] ?? "", spec["clusterIP"] ?? Self.none, external,
            ports.isEmpty ? Self.none : .string(ports.joined(separator: ",")), age,
            selector.isEmpty ? Self.none : .string(selector),
        ]
    }

    private func podCells(_ pod: JSONTree, _ age: JSONTree) -> [JSONTree] {
        let (spec, status) = (pod["spec"] ?? [:], pod["status"] ?? [:])
        let statuses = status["containerStatuses"]?.elements ?? []
        let ready = statuses.count { $0["ready"] == .boolean(true) && $0[path: ["state", "running"]] != nil }
        let restarts = statuses.reduce(0) { $0 + ($1["restartCount"]?.integer ?? 0) }
        let gates = spec["readinessGates"]?.elements ?? []
        let conditions = status["conditions"]?.elements ?? []
        let open = gates.count { gate in
            conditions.contains { $0["type"] == gate["conditionType"] && $0["status"] == "True" }
        }
        let lastEnd = statuses.compactMap { $0[path: ["lastState", "terminated", "finishedAt"]]?.string }.max()
        let ago = lastEnd.map { " (\(self.age(.string($0))) ago)" } ?? ""
        return [
            .string("\(ready)/\(spec["containers"]?.elements.count ?? 0)"),
            .string(Self.podState(pod, conditions, statuses)),
            .string(restarts > 0 ? "\(restarts)\(ago)" : "0"), age, status["podIP"] ?? Self.none,
            spec["nodeName"] ?? Self.none,
            status["nominatedNodeName"] ?? Self.none, gates.isEmpty ? Self.none : .string("\(open)/\(gates.count)"),
        ]
    }

    /// One word for where a pod stands: the most telling of its phase, its containers' states and its going.
    private static func podState(_ pod: JSONTree, _ conditions: [JSONTree], _ statuses: [JSONTree]) -> String {
        if pod["metadata"]?["deletionTimestamp"] != nil { return "Terminating" }
        var state = pod[path: ["status", "reason"]]?.string ?? pod[path: ["status", "phase"]]?.string ?? ""
        if conditions.contains(where: { $0["type"] == "PodScheduled" && $0["reason"] == "SchedulingGated" }) {
            state = "SchedulingGated"
        }
        var isRunning = false
        for status in statuses.reversed() {
            if let waiting = status[path: ["state", "waiting", "reason"]]?.string, !waiting.isEmpty {
                state = waiting
            } else if let ended = status[path: ["state", "terminated"]] {
                state = ended["reason"]?.string ?? "ExitCode:\(ended["exitCode"]?.integer ?? 0)"
            } else if status["ready"] == .boolean(true), status[path: ["state", "running"]] != nil {
                isRunning = true
            }
        }
        return state == "Completed" && isRunning ? "Running" : state
    }

    private static func nodeCells(_ node: JSONTree, _ age: JSONTree) -> [JSONTree] {
        let info = node[path: ["status", "nodeInfo"]] ?? [:]
        let ready = (node[path: ["status", "conditions"]]?.elements ?? []).first { $0["type"] == "Ready" }
        var state = ready.map { $0["status"] == "True" ? "Ready" : "NotReady" } ?? "Unknown"
        if node[path: ["spec", "unschedulable"]] == .boolean(true) { state += ",SchedulingDisabled" }
        let prefix = "node-role.kubernetes.io/"
        let roles = (node[path: ["metadata", "labels"]]?.members ?? []).compactMap { label -> String? in
            if label.key.hasPrefix(prefix) { return String(label.key.dropFirst(prefix.count)) }
            return label.key == "kubernetes.io/role" ? label.value.string : nil
        }.sorted()
        func address(_ type: JSONTree) -> JSONTree {
            (node[path: ["status", "addresses"]]?.elements ?? []).first { $0["type"] == type }?["address"] ?? Self.none
        }
        func fact(_ field: String) -> JSONTree {
            let text = info[field]?.string ?? ""
            return text.isEmpty ? "<unknown>" : .string(text)
        }
        var kernel = fact("kernelVersion")
        if kernel != "<unknown>", let architecture = info["architecture"]?.string, !architecture.isEmpty {
            kernel = .string("\(kernel.string ?? "") (\(architecture))")
        }
        return [
            .string(state), roles.isEmpty ? Self.none : .string(roles.joined(separator: ",")), age,
            info["kubeletVersion"] ?? "", address("InternalIP"), address("ExternalIP"), fact("osImage"), kernel,
            fact("containerRuntimeVersion"),
        ]
    }

    private func eventCells(_ event: JSONTree, _ name: JSONTree) -> [JSONTree] {
        let about = event["regarding"] ?? [:]
        let seen = event["eventTime"]?.string.map { String($0.prefix(19)) + "Z" }
        let age = JSONTree.string(self.age(seen.map(JSONTree.string) ?? event["deprecatedLastTimestamp"]))
        let source = [
            event["reportingController"]?.string ?? event[path: ["deprecatedSource", "component"]]?.string,
            event["reportingInstance"]?.string ?? event[path: ["deprecatedSource", "host"]]?.string,
        ].compactMap(\.self).joined(separator: ", ")
        return [
            age, event["type"] ?? "", event["reason"] ?? "",
            .string("\(about["kind"]?.string?.lowercased() ?? "")/\(about["name"]?.string ?? "")"),
            about["fieldPath"] ?? "", .string(source), event["note"] ?? "", age,
            event[path: ["series", "count"]] ?? event["deprecatedCount"] ?? 1, name,
        ]
    }

    /// How long ago a time of the form `2026-11-27T06:30:00Z` was, in two units at most.
    private func age(_ time: JSONTree?) -> String {
        guard let text = time?.string, let then = MicroTime.seconds(text) else { return "<unknown>" }
        let seconds = max(0, self.now() - then)
        let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400)
        if seconds < 120 { return "\(seconds)s" }
        if minutes < 10 { return seconds % 60 == 0 ? "\(minutes)m" : "\(minutes)m\(seconds % 60)s" }
        if hours < 3 { return "\(minutes)m" }
        if hours < 8 { return minutes % 60 == 0 ? "\(hours)h" : "\(hours)h\(minutes % 60)m" }
        if hours < 48 { return "\(hours)h" }
        return days < 8 && hours % 24 != 0 ? "\(days)d\(hours % 24)h" : "\(days)d"
    }
}
