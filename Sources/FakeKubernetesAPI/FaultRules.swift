public import KubernetesAPI

/// Which requests go wrong, and how: rules in order and a seed, read from JSON or YAML.
///
///     {"seed": 7, "rules": [{"method": "POST", "path": "/binding", "fault": "status", "code": 429, "percent": 50, "times": 3}]}
///
/// `method` must be equal and `path` occur in the target; left out, they fit all. Of the rules that fit the first that strikes counts.
/// Equal rules and equal requests in equal order give equal faults.
public struct FaultRules: Sendable {
    /// What is wrong with the rules, and in which.
    public struct Invalid: Error, Equatable, Sendable, CustomStringConvertible {
        public let description: String
    }

    public enum Fault: Equatable, Sendable {
        /// Refused with a Status of this code; nothing happened.
        case status(code: Int, retryAfterSeconds: Int?)
        /// The request takes effect, and the connection is lost before an answer.
        case lostReply
        /// The answer breaks in the middle of a piece after so many whole ones; a watch sends one event a piece.
        case cut(afterPieces: Int)
        /// The request waits so long, then goes on as usual.
        case delay(milliseconds: Int)
    }

    struct Rule: Sendable {
        var method: String?
        var path: String
        var fault: Fault
        var percent: Int64
        /// How often it may still strike; nil: always.
        var timesLeft: Int64?
    }

    private(set) var rules: [Rule] = []
    private var state: UInt64 = 0

    /// No faults.
    public init() {}

    /// - Throws: `Invalid` for an unknown key, an unknown fault or a number out of its range.
    public init(_ tree: JSONTree) throws(Invalid) {
        try Self.check(tree, ["seed", "rules"], "the rules")
        self.state = UInt64(bitPattern: try Self.number(tree, "seed", 0...Int64.max, "the rules") ?? 1)
        guard case .array(let rules)? = tree["rules"] else { throw Invalid(description: "rules: a list is needed") }
        for (index, rule) in rules.enumerated() { self.rules.append(try Self.rule(rule, "rules[\(index)]")) }
    }

    /// The fault that this request meets. Counts it, and draws a number for each rule that fits and is not certain.
    mutating func fault(method: String, target: String) -> Fault? {
        for index in self.rules.indices {
            let rule = self.rules[index]
            guard rule.method == nil || rule.method == method, rule.path.isEmpty || target.contains(rule.path),
                rule.timesLeft != 0, rule.percent == 100 || self.draw(below: 100) < UInt64(rule.percent)
            else { continue }
            self.rules[index].timesLeft = rule.timesLeft.map { $0 - 1 }
            return rule.fault
        }
        return nil
    }

    /// SplitMix64.
    private mutating func draw(below bound: UInt64) -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return (mixed ^ (mixed >> 31)) % bound
    }

    // MARK: Reading

    private static func rule(_ tree: JSONTree, _ place: String) throws(Invalid) -> Rule {
        let fault: Fault
        var keys = ["method", "path", "fault", "percent", "times"]
        switch tree["fault"]?.string {
        case "status":
            keys += ["code", "retryAfterSeconds"]
            guard let code = try Self.number(tree, "code", 400...599, place) else {
                throw Invalid(description: "\(place).code: 400 to 599 is needed")
            }
            let wait = try Self.number(tree, "retryAfterSeconds", 0...3_600, place)
            fault = .status(code: Int(code), retryAfterSeconds: wait.map { Int($0) })
        case "lostReply": fault = .lostReply
        case "cut":
            keys.append("afterPieces")
            fault = .cut(afterPieces: Int(try Self.number(tree, "afterPieces", 0...1_000_000, place) ?? 0))
        case "delay":
            keys.append("milliseconds")
            guard let wait = try Self.number(tree, "milliseconds", 0...600_000, place) else {
                throw Invalid(description: "\(place).milliseconds: 0 to 600000 is needed")
            }
            fault = .delay(milliseconds: Int(wait))
        default: throw Invalid(description: "\(place).fault: one of status, lostReply, cut and delay is needed")
        }
        try Self.check(tree, keys, place)
        return Rule(
            method: try Self.text(tree, "method", place), path: try Self.text(tree, "path", place) ?? "", fault: fault,
            percent: try Self.number(tree, "percent", 0...100, place) ?? 100,
            timesLeft: try Self.number(tree, "times", 0...Int64.max, place))
    }

    private static func check(_ tree: JSONTree, _ keys: [String], _ place: String) throws(Invalid) {
        guard case .object(let members) = tree else { throw Invalid(description: "\(place): an object is needed") }
        for member in members where !keys.contains(member.key) {
            throw Invalid(description: "\(place): unknown key \(member.key)")
        }
    }

    private static func text(_ tree: JSONTree, _ key: String, _ place: String) throws(Invalid) -> String? {
        guard let value = tree[key] else { return nil }
        guard let text = value.string else { throw Invalid(description: "\(place).\(key): text is needed") }
        return text
    }

    private static func number(
        _ tree: JSONTree, _ key: String, _ range: ClosedRange<Int64>, _ place: String
    ) throws(Invalid) -> Int64? {
        guard let value = tree[key] else { return nil }
        guard let number = value.integer, range.contains(number) else {
            throw Invalid(description: "\(place).\(key): \(range.lowerBound) to \(range.upperBound) is needed")
        }
        return number
    }
}
