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
    /// What the rule says, in a document of its own that objects with the same value share (`SharedValues`). The number tells apart the fields of
    /// an object.
    case shared(UInt8, KeptMembers)

    static func only(_ rules: KeyValuePairs<String, KeptMembers>) -> KeptMembers { .only(Self.entries(rules)) }

    static func except(_ rules: KeyValuePairs<String, KeptMembers>) -> KeptMembers { .except(Self.entries(rules)) }

    /// The same as `only` for members that are kept whole.
    static func whole(_ keys: String...) -> KeptMembers {
        .only(keys.map { Entry(key: Array($0.utf8), rule: .everything) })
    }

    private static func entries(_ rules: KeyValuePairs<String, KeptMembers>) -> [Entry] {
        rules.map { Entry(key: Array($0.key.utf8), rule: $0.value) }
    }

    /// What becomes of a member.
    func rule(for key: UnsafeBufferPointer<UInt8>) -> KeptMembers {
        switch self {
        case .everything, .shared: .everything
        case .nothing: .nothing
        case .only(let entries): entries.first { $0.matches(key) }?.rule ?? .nothing
        case .except(let entries): entries.first { $0.matches(key) }?.rule ?? .everything
        }
    }
}
