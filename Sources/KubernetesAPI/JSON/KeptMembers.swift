/// Which members of an object are kept when it is copied, and of those which members.
///
/// A rule for an array holds for each of its elements. What is no object where a rule expects one is kept as it is.
indirect enum KeptMembers: Sendable {
    struct Entry: Sendable {
        let key: [UInt8]
        let rule: KeptMembers

        func matches(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
            self.key.withUnsafeBufferPointer { bytes.elementsEqualBytes($0) }
        }
    }

    case everything
    case nothing
    /// These, and nothing else.
    case only([Entry])
    /// All but what these say otherwise of.
    case except([Entry])
    /// Of an array the elements of these names, by the rule, and all that have no name.
    case named([[UInt8]], KeptMembers)
    /// What the rule says, in a document of its own that objects with the same value share (`SharedValues`). The number tells apart the fields of
    /// an object.
    case shared(UInt8, KeptMembers)

    static func only(_ rules: KeyValuePairs<String, KeptMembers>) -> KeptMembers { .only(Self.entries(rules)) }

    static func except(_ rules: KeyValuePairs<String, KeptMembers>) -> KeptMembers { .except(Self.entries(rules)) }

    /// The same as `only` for members that are kept whole.
    static func whole(_ keys: String...) -> KeptMembers {
        .only(keys.map { Entry(key: Array($0.utf8), rule: .everything) })
    }

    static func named(_ names: [String], _ rule: KeptMembers) -> KeptMembers {
        .named(names.map { Array($0.utf8) }, rule)
    }

    private static func entries(_ rules: KeyValuePairs<String, KeptMembers>) -> [Entry] {
        rules.map { Entry(key: Array($0.key.utf8), rule: $0.value) }
    }

    /// Whether an element of an array is kept that has this name.
    func keepsElement(named name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard case .named(let names, _) = self else { return true }
        return names.contains { wanted in wanted.withUnsafeBufferPointer { name.elementsEqualBytes($0) } }
    }

    /// What becomes of a member.
    func rule(for key: UnsafeBufferPointer<UInt8>) -> KeptMembers {
        switch self {
        case .everything, .shared, .named: .everything
        case .nothing: .nothing
        case .only(let entries): entries.first { $0.matches(key) }?.rule ?? .nothing
        case .except(let entries): entries.first { $0.matches(key) }?.rule ?? .everything
        }
    }
}
