import Testing

@testable import KubernetesAPI

@Suite("Reading a file of manifests")
struct ManifestReaderTests {
    private static let a = #"{"apiVersion":"v1","kind":"Node","metadata":{"name":"a"}}"#
    private static let b = #"{"apiVersion":"v1","kind":"Node","metadata":{"name":"b"}}"#
    private static let yaml = "apiVersion: v1\nkind: Node\nmetadata:\n  name: m\n"

    @Test(
        "JSON and YAML may be mixed and repeated in any way",
        arguments: [
            ("one JSON object", a, ["Node a"]),
            ("JSON with space round it", "\n\t \(a)\r\n", ["Node a"]),
            ("JSON lines", "\(a)\n\(b)\n", ["Node a", "Node b"]),
            ("JSON values without a break", a + b, ["Node a", "Node b"]),
            ("one YAML document", yaml, ["Node m"]),
            ("YAML documents", "---\n\(yaml)---\n\(yaml)", ["Node m", "Node m"]),
            ("JSON between YAML documents", "\(yaml)---\n\(a)\n...\n---\n\(yaml)", ["Node m", "Node a", "Node m"]),
            ("JSON behind the marker", "--- \(a)\n--- \(b)", ["Node a", "Node b"]),
            ("YAML flow style", "{apiVersion: v1, kind: Node, metadata: {name: 'f',},}", ["Node f"]),
            ("comments and empty documents", "# hello\n---\n---\n# x\n\(yaml)---\n", ["Node m"]),
            ("a directive", "%YAML 1.1\n---\n\(yaml)", ["Node m"]),
            ("a byte order mark", "\u{feff}\(a)", ["Node a"]),
            ("a byte order mark before YAML", "\u{feff}\(yaml)", ["Node m"]),
            (
                "carriage returns", "apiVersion: v1\r\nkind: Node\r\nmetadata: {name: c}\r\n---\r\n\(a)\r\n",
                ["Node c", "Node a"]
            ),
        ] as [(String, String, [String])])
    func mixtures(name: String, text: String, expected: [String]) {
        #expect(summary(of: text) == expected)
    }

    @Test("a marker ends a document also inside a block of text")
    func markerInBlock() {
        let text = "apiVersion: v1\nkind: A\ntext: |\n  one\n---\napiVersion: v1\nkind: B\n"
        #expect(summary(of: text) == ["A without a name", "B without a name"])
    }

    @Test("dashes that are not a marker divide nothing")
    func noMarker() {
        let text = "apiVersion: v1\nkind: A\ntext: |\n  ---\n  x\n"
        #expect(summary(of: text) == ["A without a name"])
        #expect(ManifestReader.read(text, file: "f").objects.first?.value["text"]?.string == "---\nx\n")
    }

    @Test("a bad document is reported with its line and does not lose the others")
    func badDocument() {
        #expect(
            summary(of: "\(Self.yaml)---\na: [1\n---\n\(Self.a)\n---\nx: *y\n") == [
                "Node m", "Node a",
                "f, document 2: found while parsing a flow sequence: did not find expected ',' or ']' at line 7, "
                    + "expected YAML or JSON",
                "f, document 4: found *y at line 10, expected an anchor &y before it",
            ])
    }

    @Test("a bad JSON line is reported with line and byte and does not lose the others")
    func badLine() {
        #expect(
            summary(of: "\(Self.a)\n{\"kind\": ]}\n\(Self.b)\n") == [
                "Node a", "Node b", "f, document 2: found ']' at line 2 (byte 67), expected a JSON value",
            ])
    }

    @Test(
        "a file that holds nothing is a warning",
        arguments: ["", " \n\n", "# only a comment\n", "---\n...\n", "\u{feff}"])
    func nothing(text: String) {
        let findings = ManifestReader.read(text, file: "f").findings
        #expect(findings.map(\.description) == ["f: found no content, expected Kubernetes objects"])
        #expect(findings.map(\.severity) == [.warning])
    }

    @Test(
        "bytes that are no text are refused",
        arguments: [
            ([0xff, 0xfe, 0x61, 0x00], "f: found UTF-16, expected UTF-8"),
            (
                Array("a: ".utf8) + [0xff],
                "f: found invalid leading UTF-8 octet (0xff) at byte 3 at line 1, expected UTF-8 text"
            ),
            (Array("{\"a\":\"".utf8) + [0xc3, 0x22, 0x7d], "f: found byte 0xc3 at line 1 (byte 6), expected UTF-8"),
            (
                Array("a: ".utf8) + [0],
                "f: found control characters are not allowed (0x0) at byte 3 at line 1, expected UTF-8 text"
            ),
            (Array("{\"a\":".utf8) + [0, 0x7d], "f: found byte 0x0 at line 1 (byte 5), expected a JSON value"),
        ] as [([UInt8], String)])
    func noText(bytes: [UInt8], expected: String) {
        #expect(summary(of: ManifestReader.read(bytes, file: "f")) == [expected])
    }

    @Test("a YAML document over the limit is refused with the way out, and does not lose the others")
    func largeYAML() {
        var text = "\(Self.a)\n---\na: 1\n# \(String(repeating: "x", count: 3 << 20))\n---\n\(Self.b)"
        let contents = text.withUTF8 {
            ManifestReader.read(UnsafeRawBufferPointer($0), file: "f", maximumYAMLBytes: 2 << 20)
        }
        #expect(
            summary(of: contents) == [
                "Node a", "Node b",
                "f, document 2: found a YAML document of 3 MiB at line 2, expected at most 2 MiB of YAML; "
                    + "pass JSON instead (kubectl get -o json)",
            ])
    }

    @Test("reading of JSON lines ends after a hundred that are none")
    func manyBadLines() {
        let findings = ManifestReader.read(String(repeating: "{\n", count: 10_000), file: "f").findings
        #expect(findings.count == 101)
        #expect(
            findings.last?.description
                == "f, document 101: found too many values that are no JSON, expected JSON; the rest is not read")
    }

    @Test("findings are counted, not kept, beyond ten thousand")
    func manyFindings() {
        let findings = ManifestReader.read(String(repeating: "{}\n", count: 10_003), file: "f").findings
        #expect(findings.count == 10_001)
        #expect(findings.last?.description == "f: found 3 more problems in this file, expected none")
    }
}

@Suite("The objects of a document")
struct ObjectCollectorTests {
    @Test("items of a List speak for themselves, those of a typed list are what the list says")
    func lists() {
        let text = """
            {"apiVersion":"v1","kind":"List","items":[
              {"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j","namespace":"ml"}},
              {"apiVersion":"v1","kind":"PodList","items":[{"metadata":{"name":"p","namespace":"ml"}}]}]}
            """
        let objects = ManifestReader.read(text, file: "f").objects
        #expect(objects.map(\.title) == ["Job ml/j", "Pod ml/p"])
        #expect(objects.map(\.apiVersion) == ["batch/v1", "v1"])
        #expect(objects.map(\.group) == ["batch", ""])
        #expect(objects.map(\.version) == ["v1", "v1"])
        #expect(objects.map(\.origin.description) == ["f, item 1", "f, item 2"])
    }

    @Test("what is no object, or does not say what it is, is reported with its item")
    func badItems() {
        let text = """
            {"apiVersion":"v1","kind":"List","items":[5,{"kind":"A"},{"apiVersion":"v1"},{"apiVersion":1,"kind":""},
             {"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}]}
            """
        #expect(
            summary(of: text) == [
                "Node n",
                "f, item 1: found 5, expected a Kubernetes object",
                "f, item 2: apiVersion: found nothing, expected a string that names the object's apiVersion",
                "f, item 3: kind: found nothing, expected a string that names the object's kind",
                "f, item 4: kind: found \"\", expected a string that names the object's kind",
            ])
    }

    @Test("lists within lists end somewhere")
    func nestedLists() {
        let open = #"{"apiVersion":"v1","kind":"List","items":["#
        let text = String(repeating: open, count: 100) + String(repeating: "]}", count: 100)
        #expect(summary(of: text) == ["f, item 1: items: found a list in a list in a list, expected objects"])
    }

    @Test("an empty list holds nothing", arguments: ["[]", "null"])
    func emptyList(items: String) {
        #expect(summary(of: "{apiVersion: v1, kind: PodList, items: \(items)}") == [])
    }

    @Test("items that are no array are reported")
    func badList() {
        #expect(summary(of: "{apiVersion: v1, kind: PodList, items: 5}") == ["f: items: found 5, expected an array"])
    }

    @Test("control characters of the input are written out in a message")
    func controlCharacters() {
        let text = #"{"apiVersion":"v1","kind":"List","items":["\u001b[2J\n"]}"#
        #expect(summary(of: text) == [#"f, item 1: found "\u{1B}[2J\n", expected a Kubernetes object"#])
    }
}
