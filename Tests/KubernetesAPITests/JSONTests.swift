import KubernetesAPI
import Testing

@Suite("JSON")
struct JSONTests {
    @Test(
        "an error says where, what was found and what was expected",
        arguments: [
            ("", nil, "nothing", "a JSON value"),
            ("{", 1, "the end of the text", "a string as key, or }"),
            ("[1,]", 3, "']'", "a JSON value"),
            ("[1 2]", 3, "'2'", ", or ]"),
            ("{\"a\" 1}", 5, "'1'", ": after the key"),
            ("{\"a\":1,}", 7, "'}'", "a string as key"),
            ("{\"a\":1 \"b\":2}", 7, "'\"'", ", or }"),
            ("{a:1}", 1, "'a'", "a string as key, or }"),
            ("[tru]", 1, "'t'", "true"),
            ("NaN", 0, "'N'", "a JSON value"),
            ("[Infinity]", 1, "'I'", "a JSON value"),
            ("01", 1, "'1'", "no digit after a leading 0"),
            ("-", 1, "the end of the text", "a digit"),
            ("1.", 2, "the end of the text", "a digit"),
            ("1e", 2, "the end of the text", "a digit"),
            ("[1e999]", 1, "the number 1e999", "one that fits 64 bits"),
            ("[18446744073709551616]", 1, "the number 18446744073709551616", "one that fits 64 bits"),
            ("\"abc", 0, "a string that does not end", "a closing quote"),
            ("\"a\nb\"", 2, "byte 0xa", "control characters in strings to be escaped"),
            ("\"\\x\"", 2, "'x'", "an escape that JSON knows"),
            ("\"\\u12g4\"", 5, "'g'", "four hexadecimal digits"),
            ("\"\\ud800\"", 7, "'\"'", "a second surrogate"),
            ("\"\\udc00\"", 7, "'\"'", "no lone surrogate"),
            ("{} x", 3, "'x'", "the end of the document"),
            ("[}", 1, "'}'", "a JSON value"),
            ("{]", 1, "']'", "a string as key, or }"),
        ] as [(String, Int?, String, String)])
    func syntaxErrors(text: String, offset: Int?, found: String, expected: String) throws {
        let error = try #require(throws: JSONSyntaxError.self) { try JSONDocument.parse(text) }
        #expect(error.offset == offset)
        #expect(error.found == found)
        #expect(error.expected == expected)
    }

    @Test(
        "strings come back as they were meant",
        arguments: [
            (#""""#, ""), (#""a""#, "a"), (#""\u00e9""#, "é"), (#""\ud83d\ude00""#, "😀"), (#""\u0000""#, "\u{0}"),
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""日本""#, "日本"),
        ])
    func strings(json: String, expected: String) throws {
        #expect(try JSONDocument.parse(json).root.string == expected)
    }

    @Test("numbers are exact up to 64 bits and whole numbers may be written in other ways")
    func numbers() throws {
        let text = "[0, -9223372036854775808, 9223372036854775807, 9223372036854775808, 1.0, 1e3, 1.5, -0.0, \"1\"]"
        let values = try JSONDocument.parse(text).root.elements
        #expect(values.map(\.integer) == [0, .min, .max, nil, 1, 1_000, nil, 0, nil])
    }

    @Test("containers are walked in order, whatever is in them")
    func containers() throws {
        let root = try JSONDocument.parse(#"{"a":[1,[2,{"x":3}],"s",null,2.5],"b":{},"c":[],"d":true}"#).root
        #expect(root.members.map(\.key) == ["a", "b", "c", "d"])
        #expect(root["a"]?.elements.map(\.kind) == [.integer, .array, .string, .null, .number])
        #expect(root["b"]?.members.map(\.key) == [])
        #expect(root["c"]?.elements.map(\.kind) == [])
        #expect(root["d"]?.boolean == true)
        #expect(root["e"] == nil)
        #expect(root["d"]?["x"] == nil)
        #expect(root["d"]?.elements.map(\.kind) == [])
    }

    @Test("of a key that stands twice the last one counts")
    func duplicateKeys() throws {
        #expect(try JSONDocument.parse(#"{"a":1,"b":2,"a":3}"#).root["a"]?.integer == 3)
    }

    @Test("a value keeps its document alive")
    func lifetime() throws {
        func inner() throws -> JSONValue? { try JSONDocument.parse(#"{"a":{"b":"kept"}}"#).root["a"] }
        #expect(try inner()?["b"]?.string == "kept")
    }
}
