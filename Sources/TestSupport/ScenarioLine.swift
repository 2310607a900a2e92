/// One line of a scenario's world: a verb, an optional name, and words that are `key=value` or a bare `flag`.
///
/// Protocol of use: 1. take every word that the verb knows; 2. `finish`, which refuses what nobody took. So a
/// misspelt key is an error and never a world that differs from what its author meant.
struct ScenarioLine: Sendable {
    let file: String
    /// From 1.
    let number: Int
    let verb: String
    private let words: [(key: String, value: String?)]
    private var isTaken: [Bool]

    /// - Parameter text: Words are separated by blanks; double quotes keep blanks together and are dropped.
    init(file: String, number: Int, text: String) throws(ScenarioError) {
        guard let parts = Self.split(text), let verb = parts.first else {
            throw ScenarioError(file: file, line: number, message: "unbalanced double quotes in: \(text)")
        }
        self.file = file
        self.number = number
        self.verb = verb
        self.words = parts.dropFirst().map(Self.word)
        self.isTaken = Array(repeating: false, count: self.words.count)
    }

    private static func split(_ text: String) -> [String]? {
        var parts: [String] = []
        var current = ""
        var isQuoted = false
        for character in text {
            switch character {
            case "\"": isQuoted.toggle()
            case " " where !isQuoted:
                if !current.isEmpty { parts.append(current) }
                current = ""
            default: current.append(character)
            }
        }
        if !current.isEmpty { parts.append(current) }
        return isQuoted ? nil : parts
    }

    private static func word(_ text: String) -> (key: String, value: String?) {
        guard let equals = text.firstIndex(of: "=") else { return (text, nil) }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }

    func error(_ message: String) -> ScenarioError {
        ScenarioError(file: self.file, line: self.number, message: "\(self.verb): \(message)")
    }

    // MARK: Taking words

    /// The first word, which has no `=`.
    mutating func name() throws(ScenarioError) -> String {
        guard let first = self.words.first, first.value == nil, !self.isTaken[0] else {
            throw self.error("expected a name as the first word")
        }
        self.isTaken[0] = true
        return first.key
    }

    /// Every value of a key that may stand more than once.
    mutating func values(_ key: String) -> [String] {
        var found: [String] = []
        for index in self.words.indices where self.words[index].key == key {
            guard let value = self.words[index].value else { continue }
            self.isTaken[index] = true
            found.append(value)
        }
        return found
    }

    mutating func value(_ key: String) throws(ScenarioError) -> String? {
        let found = self.values(key)
        guard found.count < 2 else { throw self.error("\(key) stands \(found.count) times") }
        return found.first
    }

    mutating func flag(_ key: String) -> Bool {
        guard let index = self.words.firstIndex(where: { $0.key == key && $0.value == nil }) else { return false }
        self.isTaken[index] = true
        return true
    }

    mutating func integer(_ key: String) throws(ScenarioError) -> Int? {
        guard let text = try self.value(key) else { return nil }
        guard let number = Int(text) else { throw self.error("\(key)=\(text): expected an integer") }
        return number
    }

    /// `ns/name`; a subgroup's name may hold further slashes.
    mutating func namespacedName() throws(ScenarioError) -> (namespace: String, name: String) {
        try self.splitName(self.name())
    }

    func splitName(_ text: String) throws(ScenarioError) -> (namespace: String, name: String) {
        guard let slash = text.firstIndex(of: "/") else { throw self.error("\(text): expected namespace/name") }
        return (String(text[..<slash]), String(text[text.index(after: slash)...]))
    }

    /// Refuses words that nobody took.
    func finish() throws(ScenarioError) {
        guard let index = self.isTaken.firstIndex(of: false) else { return }
        throw self.error("unknown word \(self.words[index].key)")
    }
}
