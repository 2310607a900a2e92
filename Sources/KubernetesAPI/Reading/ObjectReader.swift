/// A type that is decoded field by field from a JSON object.
public protocol ObjectReadable: Sendable {
    /// - Returns: Nil where a field is bad without which the object means nothing. Whoever returns nil has reported
    ///   why, through the reader.
    init?(reading fields: ObjectReader)
}

/// A typed view of one JSON object that reports what it cannot use.
///
/// How a wire type uses it:
///
///     init?(reading fields: ObjectReader) {
///         guard let name = fields.requiredString("name") else { return nil }
///         self.name = name
///         self.replicas = fields.integer("replicas")
///         self.template = fields.object("template", as: PodTemplateSpec.self)
///     }
///
/// The rules, the same for every accessor:
/// - A field that is absent or null is not there: nil, or empty for arrays and maps. Nothing is reported.
/// - A field of another type is reported as an error with its path, and then treated as absent.
/// - `required…` reports absence too.
/// - Fields that nobody asks for are never looked at.
/// - A key that stands twice is reported as a warning by whoever reads it; the last one counts, as in Kubernetes.
///
/// Paths cost nothing until something is reported: they are found again from the value's position.
public struct ObjectReader {
    public let value: JSONValue
    let session: ReadingSession

    /// How many errors were reported so far while this whole object was read. Compare before and after to learn whether
    /// a part could be read in full.
    public var errorCount: Int { self.session.errorCount }

    // MARK: Scalars

    public func string(_ key: String) -> String? {
        self.field(key).flatMap { field in
            field.string ?? self.refuse(field, expected: "a string")
        }
    }

    /// Absent, null and empty are all reported.
    public func requiredString(_ key: String) -> String? {
        let errorsBefore = self.errorCount
        guard let text = self.string(key), !text.isEmpty else {
            if self.errorCount == errorsBefore { self.report(key, expected: "a string that is not empty") }
            return nil
        }
        return text
    }

    /// A whole number within `range`; 1.0 is one, "1" is not.
    public func integer(_ key: String, in range: ClosedRange<Int64> = .min ... .max) -> Int64? {
        guard let field = self.field(key) else { return nil }
        guard let number = field.integer, range.contains(number) else {
            return self.refuse(field, expected: Self.wholeNumber(in: range))
        }
        return number
    }

    public func requiredInteger(_ key: String, in range: ClosedRange<Int64> = .min ... .max) -> Int64? {
        let errorsBefore = self.errorCount
        guard let number = self.integer(key, in: range) else {
            if self.errorCount == errorsBefore { self.report(key, expected: Self.wholeNumber(in: range)) }
            return nil
        }
        return number
    }

    private static func wholeNumber(in range: ClosedRange<Int64>) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (.min, .max): "a whole number"
        case (let lower, .max): "a whole number of at least \(lower)"
        case (let lower, let upper): "a whole number from \(lower) to \(upper)"
        }
    }

    public func number(_ key: String) -> Double? {
        self.field(key).flatMap { field in
            field.number ?? self.refuse(field, expected: "a number")
        }
    }

    public func boolean(_ key: String) -> Bool? {
        self.field(key).flatMap { field in
            field.boolean ?? self.refuse(field, expected: "true or false")
        }
    }

    /// One of the raw values of `type`; an empty string is absent, as in the API; any other is reported with the choices.
    public func choice<Choice>(_ key: String, as type: Choice.Type) -> Choice?
    where Choice: RawRepresentable<String> & CaseIterable {
        guard let field = self.field(key), field.string != "" else { return nil }
        if let choice = field.string.flatMap(Choice.init(rawValue:)) { return choice }
        return self.refuse(field, expected: Self.choices(of: type))
    }

    public func requiredChoice<Choice>(_ key: String, as type: Choice.Type) -> Choice?
    where Choice: RawRepresentable<String> & CaseIterable {
        let errorsBefore = self.errorCount
        guard let choice = self.choice(key, as: type) else {
            if self.errorCount == errorsBefore { self.report(key, expected: Self.choices(of: type)) }
            return nil
        }
        return choice
    }

    private static func choices<Choice>(of type: Choice.Type) -> String
    where Choice: RawRepresentable<String> & CaseIterable {
        type.allCases.map(\.rawValue).joined(separator: " or ")
    }

    /// RFC 3339 as Kubernetes writes it, in whole seconds since 1970, fractions dropped.
    public func timestamp(_ key: String) -> Int64? {
        guard let field = self.field(key) else { return nil }
        return field.string.flatMap(RFC3339.seconds)
            ?? self.refuse(field, expected: "a time such as 2026-01-02T03:04:05Z")
    }

    // MARK: Containers

    public func object(_ key: String) -> ObjectReader? {
        self.field(key).flatMap { field in
            field.isObject
                ? ObjectReader(value: field, session: self.session) : self.refuse(field, expected: "an object")
        }
    }

    public func requiredObject(_ key: String) -> ObjectReader? {
        let errorsBefore = self.errorCount
        let object = self.object(key)
        if object == nil, self.errorCount == errorsBefore { self.report(key, expected: "an object") }
        return object
    }

    public func object<Object: ObjectReadable>(_ key: String, as type: Object.Type) -> Object? {
        self.object(key).flatMap { object in
            self.once(object.value) { Object(reading: object) }
        }
    }

    /// The objects of an array in order; elements that are none are reported and left out.
    public func objects(_ key: String) -> [ObjectReader] {
        self.array(key)?.elements.compactMap { element in
            element.isObject
                ? ObjectReader(value: element, session: self.session) : self.refuse(element, expected: "an object")
        } ?? []
    }

    /// The objects of an array in order; those that cannot be decoded are reported and left out.
    public func objects<Object: ObjectReadable>(_ key: String, as type: Object.Type) -> [Object] {
        self.elements(key) { element in
            element.isObject
                ? Object(reading: ObjectReader(value: element, session: self.session))
                : self.refuse(element, expected: "an object")
        }
    }

    /// The strings of an array in order; elements that are none are reported and left out.
    public func strings(_ key: String) -> [String] {
        self.elements(key) { $0.string ?? self.refuse($0, expected: "a string") }
    }

    /// Labels, annotations, node selectors. Values that are no strings are reported and left out; null is an empty string,
    /// as the API server reads it.
    public func stringMap(_ key: String) -> [String: String] {
        self.map(key) { $0.isNull ? "" : $0.string ?? self.refuse($0, expected: "a string") }
    }

    private func elements<Element: Sendable>(_ key: String, _ transform: (JSONValue) -> Element?) -> [Element] {
        self.array(key).flatMap { array in
            self.once(array) { array.elements.compactMap(transform) }
        } ?? []
    }

    private func array(_ key: String) -> JSONValue? {
        self.field(key).flatMap { $0.kind == .array ? $0 : self.refuse($0, expected: "an array") }
    }

    func map<Element: Sendable>(_ key: String, _ transform: (JSONValue) -> Element?) -> [String: Element] {
        guard let field = self.field(key) else { return [:] }
        guard field.isObject else { return self.refuse(field, expected: "an object") ?? [:] }
        return self.once(field) { self.members(of: field, transform) } ?? [:]
    }

    private func members<Element>(of field: JSONValue, _ transform: (JSONValue) -> Element?) -> [String: Element] {
        var result: [String: Element] = [:]
        for (key, value) in field.members {
            guard let element = transform(value) else { continue }
            if result.updateValue(element, forKey: key) != nil { self.warnOfDuplicate(value) }
        }
        return result
    }

    /// Decodes a value that objects share for the first of them only, unless there is something to report about it, which every object gets.
    ///
    /// A field is always decoded in one way, so that it does not matter by whom.
    private func once<Result: Sendable>(_ value: JSONValue, _ decode: () -> Result?) -> Result? {
        guard let decoded = value.decoded else { return decode() }
        if let known = decoded.known(as: Result.self) { return known }
        let reportsBefore = self.session.reportCount
        let result = decode()
        if let result, self.session.reportCount == reportsBefore { decoded.keep(result) }
        return result
    }

    // MARK: Anything

    /// The value under `key` as it stands; nil where it is absent or null.
    public func field(_ key: String) -> JSONValue? {
        let (value, count) = self.value.lookUp(key)
        guard let value else { return nil }
        if count > 1 { self.warnOfDuplicate(value) }
        return value.isNull ? nil : value
    }

    public func has(_ key: String) -> Bool { self.field(key) != nil }

    // MARK: Reporting

    /// Reports the field under `key`, or this object itself where `key` is nil. What was found is said from the value.
    public func report(_ key: String?, severity: Finding.Severity = .error, expected: String) {
        self.session.report(self.value, key: key, severity: severity, expected: expected)
    }

    private func warnOfDuplicate(_ value: JSONValue) {
        self.session.report(
            value, severity: .warning, found: "a key that stands twice", expected: "one; the last counts")
    }

    /// Reports `value`, which is somewhere inside this object, and answers nil so that it can end an expression.
    func refuse<Result>(_ value: JSONValue, expected: String) -> Result? {
        self.session.report(value, key: nil, severity: .error, expected: expected)
        return nil
    }
}
