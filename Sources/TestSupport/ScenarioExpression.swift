import SchedulingModel

/// The small languages inside scenario words. Each answers nil for a text it cannot read.
enum ScenarioExpression {
    /// `k=v,k2=v2`.
    static func labels(_ text: String) -> [String: String]? {
        var labels: [String: String] = [:]
        for part in text.split(separator: ",") {
            guard let equals = part.firstIndex(of: "=") else { return nil }
            labels[String(part[..<equals])] = String(part[part.index(after: equals)...])
        }
        return labels
    }

    /// `k=v|w`, `k!=v|w`, `k`, `!k`, `k>5`, `k<5`.
    static func requirement(_ text: Substring) -> LabelRequirement? {
        if text.hasPrefix("!") { return LabelRequirement(key: String(text.dropFirst()), .doesNotExist) }
        guard let position = text.firstIndex(where: { "=!<>".contains($0) }) else {
            return LabelRequirement(key: String(text), .exists)
        }
        let key = String(text[..<position])
        let rest = text[text.index(after: position)...]
        switch text[position] {
        case ">": return Int64(rest).map { LabelRequirement(key: key, .isGreater(than: $0)) }
        case "<": return Int64(rest).map { LabelRequirement(key: key, .isLess(than: $0)) }
        case "!":
            guard rest.hasPrefix("=") else { return nil }
            return LabelRequirement(key: key, .isNotIn(Self.alternatives(rest.dropFirst())))
        default: return LabelRequirement(key: key, .isIn(Self.alternatives(rest)))
        }
    }

    static func alternatives(_ text: Substring) -> [String] { text.split(separator: "|").map(String.init) }

    /// Requirements joined by commas.
    static func selector(_ text: Substring) -> LabelSelector? {
        Self.all(text.split(separator: ","), Self.requirement).map { LabelSelector($0) }
    }

    /// A term like a selector's; `@name=a|b` is a condition on the node's own name.
    static func nodeTerm(_ text: Substring) -> NodeSelectorTerm? {
        guard let requirements = Self.all(text.split(separator: ","), Self.requirement) else { return nil }
        return NodeSelectorTerm(
            labels: requirements.filter { $0.key != "@name" }, fields: requirements.filter { $0.key == "@name" })
    }

    /// Terms joined by semicolons.
    static func nodeSelector(_ text: String) -> NodeSelector? {
        Self.all(text.split(separator: ";"), Self.nodeTerm).map { NodeSelector($0) }
    }

    /// `selector@topologyKey`, then `@ns|ns2` or `@*` for other namespaces than the pod's own.
    static func podTerm(_ text: Substring, namespace: String) -> PodAffinityTerm? {
        let parts = text.split(separator: "@")
        guard parts.count == 2 || parts.count == 3, let selector = Self.selector(parts[0]) else { return nil }
        var namespaces: [String]? = [namespace]
        if parts.count == 3 { namespaces = parts[2] == "*" ? nil : Self.alternatives(parts[2]).sorted() }
        return PodAffinityTerm(selector: selector, namespaces: namespaces, topologyKey: String(parts[1]))
    }

    /// `weight:term`.
    static func weighted<Term>(_ text: String, _ term: (Substring) -> Term?) -> Weighted<Term>? {
        guard let colon = text.firstIndex(of: ":"), let weight = Int(text[..<colon]) else { return nil }
        return term(text[text.index(after: colon)...]).map { Weighted(weight: weight, term: $0) }
    }

    /// `maxSkew@topologyKey@selector`, then any of `@soft`, `@minDomains=n`, `@ignoreAffinity`, `@honorTaints`.
    static func spread(_ text: String) -> TopologySpreadConstraint? {
        let parts = text.split(separator: "@")
        guard parts.count >= 3, let maxSkew = Int(parts[0]), let selector = Self.selector(parts[2]) else { return nil }
        var spread = TopologySpreadConstraint(maxSkew: maxSkew, topologyKey: String(parts[1]), selector: selector)
        for option in parts.dropFirst(3) {
            switch option {
            case "soft": spread.isRequired = false
            case "ignoreAffinity": spread.honorsNodeAffinity = false
            case "honorTaints": spread.honorsNodeTaints = true
            default:
                guard option.hasPrefix("minDomains="), let count = Int(option.dropFirst(11)) else { return nil }
                spread.minDomains = count
            }
        }
        return spread
    }

    /// `key:Effect` or `key=value:Effect`.
    static func taint(_ text: String) -> Taint? {
        guard let colon = text.lastIndex(of: ":"),
            let effect = Taint.Effect(rawValue: String(text[text.index(after: colon)...]))
        else { return nil }
        let pair = text[..<colon].split(separator: "=", maxSplits: 1)
        guard let key = pair.first else { return nil }
        return Taint(key: String(key), value: pair.count > 1 ? String(pair[1]) : "", effect: effect)
    }

    /// `key`, `key=value`, `key>5`, `key<5` or `*`, each with an optional `:Effect`.
    static func toleration(_ text: String) -> Toleration? {
        var condition = Substring(text)
        var effect: Taint.Effect?
        if let colon = text.lastIndex(of: ":") {
            effect = Taint.Effect(rawValue: String(text[text.index(after: colon)...]))
            guard effect != nil else { return nil }
            condition = text[..<colon]
        }
        if condition == "*" { return Toleration(key: nil, effect: effect) }
        guard let requirement = Self.requirement(condition) else { return nil }
        switch requirement.condition {
        case .exists: return Toleration(key: requirement.key, effect: effect)
        case .isIn(let values):
            return Toleration(key: requirement.key, match: .equal(values.first ?? ""), effect: effect)
        case .isGreater(let bound):
            return Toleration(key: requirement.key, match: .isGreater(than: bound), effect: effect)
        case .isLess(let bound): return Toleration(key: requirement.key, match: .isLess(than: bound), effect: effect)
        case .isNotIn, .doesNotExist: return nil
        }
    }

    /// `8080`, then `/UDP` and `@address` where they matter.
    static func hostPort(_ text: Substring) -> HostPort? {
        let parts = text.split(separator: "@")
        let portAndTransport = (parts.first ?? "").split(separator: "/")
        guard parts.count <= 2, let port = portAndTransport.first.flatMap({ Int($0) }) else { return nil }
        return HostPort(
            address: parts.count > 1 ? String(parts[1]) : "0.0.0.0", port: port,
            transport: portAndTransport.count > 1 ? String(portAndTransport[1]) : "TCP")
    }

    /// Cores as `4` or `500m`, in millicores.
    static func cpuMillis(_ text: String) -> Int64? {
        if text.hasSuffix("m") { return Int64(text.dropLast()) }
        return Int64(text).map { $0 * 1000 }
    }

    /// Bytes, with `Ki`, `Mi`, `Gi` or `Ti`.
    static func bytes(_ text: String) -> Int64? {
        for (suffix, shift) in [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40)] where text.hasSuffix(suffix) {
            return Int64(text.dropLast(2)).map { $0 << Int64(shift) }
        }
        return Int64(text)
    }

    /// `name:amount,name:amount`; the last colon of a part separates.
    static func amounts(_ text: String) -> [(name: String, amount: Int64)]? {
        Self.all(text.split(separator: ",")) { (part: Substring) -> (name: String, amount: Int64)? in
            guard let colon = part.lastIndex(of: ":") else { return nil }
            return Self.bytes(String(part[part.index(after: colon)...])).map { (String(part[..<colon]), $0) }
        }
    }

    static func all<Element, Result>(_ elements: [Element], _ transform: (Element) -> Result?) -> [Result]? {
        let results = elements.compactMap(transform)
        return results.count == elements.count ? results : nil
    }
}
