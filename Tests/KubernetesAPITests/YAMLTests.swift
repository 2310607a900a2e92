import KubernetesAPI
import Testing

@Suite("YAML")
struct YAMLTests {
    /// The JSON value of `x` in a document, written in a way that shows its type.
    private func value(_ yaml: String) -> String? {
        let contents = ManifestReader.read("apiVersion: v1\nkind: A\n\(yaml)\n", file: "f")
        return contents.objects.first?.value["x"].map(self.shown)
    }

    private func shown(_ value: JSONValue) -> String {
        switch value.kind {
        case .null: "null"
        case .boolean: "\(value.boolean == true)"
        case .integer, .number: value.integer.map(String.init) ?? value.number.map { "\($0)" } ?? "?"
        case .string: "'\(value.string ?? "")'"
        case .array: "[\(value.elements.map(self.shown).joined(separator: " "))]"
        case .object: "{\(value.members.map { "\($0.key)=\(self.shown($0.value))" }.joined(separator: " "))}"
        }
    }

    @Test(
        "scalars mean what they mean to kubectl",
        arguments: [
            ("true", "true"), ("True", "true"), ("yes", "true"), ("on", "true"), ("y", "true"), ("no", "false"),
            ("OFF", "false"), ("n", "false"), ("tRue", "'tRue'"), ("null", "null"), ("~", "null"), ("", "null"),
            ("'yes'", "'yes'"), ("\"1\"", "'1'"), ("|\n  1", "'1\n'"), (">-\n  a\n  b", "'a b'"),
            ("1", "1"), ("-1", "-1"), ("+1", "1"), ("0", "0"), ("1_000", "1000"), ("0x1F", "31"), ("-0x1F", "-31"),
            ("017", "15"), ("0o17", "15"), ("0b11", "3"), ("08", "8"), ("1.5", "1.5"), (".5", "0.5"), ("5.", "5"),
            ("1e3", "1000"), ("1E-2", "0.01"), ("9223372036854775807", "9223372036854775807"),
            ("-9223372036854775808", "-9223372036854775808"), ("18446744073709551615", "1.8446744073709552e+19"),
            ("123456789012345678901234567890", "1.2345678901234568e+29"), ("1e999", "'1e999'"), ("0x", "'0x'"),
            ("1.2.3", "'1.2.3'"), ("1:30", "'1:30'"), ("2026-01-02", "'2026-01-02'"),
            ("--1", "'--1'"), ("0x-1", "'0x-1'"), ("nan", "'nan'"), ("Infinity", "'Infinity'"), ("inf", "'inf'"),
            ("!!str 5", "'5'"), ("!!int \"5\"", "5"), ("!!float 5", "5"), ("!!bool 'yes'", "true"), ("! 5", "'5'"),
            ("!!binary aGVsbG8=", "'hello'"), ("!mine 5", "'5'"), ("\"a\\tb\\u00e9\\x01\"", "'a\tbé\u{1}'"),
        ])
    func scalars(yaml: String, expected: String) {
        #expect(self.value("x: \(yaml)") == expected)
    }

    @Test("keys become strings, as in kubectl", arguments: [("1", "1"), ("yes", "true"), ("1.0", "1"), ("'n'", "n")])
    func keys(yaml: String, expected: String) {
        #expect(self.value("x: {\(yaml): v}") == "{\(expected)='v'}")
    }

    @Test(
        "anchors, aliases and merge keys are written out",
        arguments: [
            ("a: &a [1, 2]\nx: *a", "[1 2]"),
            ("a: &a k\nx: {*a : 1}", "{k=1}"),
            ("? &a k\n: 1\nx: *a", "'k'"),
            ("a: &a 1\nb: &a 2\nx: *a", "2"),
            ("x: {<<: {a: 1}, b: 2}", "{b=2 a=1}"),
            ("a: &a {p: 1, q: 2}\nx: {p: 0, <<: *a}", "{p=0 q=2}"),
            ("a: &a {p: 1, q: 2}\nx: {<<: *a, p: 0}", "{p=0 q=2}"),
            ("x: {<<: [{p: 1}, {p: 2, q: 3}]}", "{p=1 q=3}"),
            ("x: {<<: {<<: {a: 1}, b: 2}, c: 3}", "{c=3 b=2 a=1}"),
            ("x: {\"<<\": 1}", "{<<=1}"),
            ("x: {<<: {'a\"b,}': '{\"'}}", "{a\"b,}='{\"'}"),
        ])
    func aliases(yaml: String, expected: String) {
        #expect(self.value(yaml) == expected)
    }

    @Test(
        "what JSON cannot say is an error with its line",
        arguments: [
            ("x: .nan", ["A without a name", "f: found .nan at line 3, expected a finite number"]),
            ("x: [1, -.Inf]", ["A without a name", "f: found -.Inf at line 3, expected a finite number"]),
            ("x: {~: 1}", ["f: found null at line 3, expected a key"]),
            ("x: {[a]: 1}", ["f: found a collection as key at line 3, expected a plain key"]),
            ("a: &a [1]\nx: {*a : 1}", ["f: found a collection as key at line 4, expected a plain key"]),
            (
                "x: {<<: 5}",
                ["f: found something else at line 3, expected a mapping, or a list of them, behind <<"]
            ),
            ("x: !!int a", ["f: found \"a\" at line 3, expected a value that fits its tag tag:yaml.org,2002:int"]),
            (
                "x: !!binary '*'",
                ["f: found \"*\" at line 3, expected a value that fits its tag tag:yaml.org,2002:binary"]
            ),
        ] as [(String, [String])])
    func errors(yaml: String, expected: [String]) {
        #expect(summary(of: "apiVersion: v1\nkind: A\n\(yaml)\n") == expected)
    }

    @Test("a billion laughs end at the budget")
    func billionLaughs() {
        var text = "a0: &a0 [\(Array(repeating: "lol", count: 10).joined(separator: ", "))]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(
            summary(of: text) == [
                "f: found more at line 7, expected anchors and aliases that write out to at most 128 MiB per file"
            ])
    }
}
