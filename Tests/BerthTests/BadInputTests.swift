import Testing

@testable import Berth

/// One bad object, to stand beside a good node and a good pod.
struct BadObject: Sendable, CustomTestStringConvertible {
    let name: String
    let object: String
    /// What standard error must contain.
    let told: [String]

    var testDescription: String { self.name }

    static let all = [
        BadObject(
            name: "a quantity that does not parse", object: Manifest.pod("bad", gpus: "\"eight\""),
            told: ["Pod ml/bad", "nvidia.com/gpu", "eight"]),
        BadObject(
            name: "a negative GPU request", object: Manifest.pod("bad", gpus: "\"-1\""),
            told: ["Pod ml/bad", "nvidia.com/gpu", "-1"]),
        BadObject(
            name: "a fractional GPU request", object: Manifest.pod("bad", gpus: "\"0.5\""),
            told: ["Pod ml/bad", "nvidia.com/gpu", "0.5"]),
        BadObject(
            name: "a pod on a node that is not there",
            object: Manifest.pod("bad", gpus: "\"1\"", more: #""nodeName":"ghost","#),
            told: ["Pod ml/bad", "ghost"]),
        BadObject(name: "the same pod twice", object: Manifest.pod("good", gpus: "\"2\""), told: ["Pod ml/good"]),
        BadObject(
            name: "two GPU requests that contradict each other",
            object: Manifest.pod("bad", gpus: "\"1\"", annotations: #"{"berth.dev/gpu-fraction":"2.5"}"#),
            told: ["Pod ml/bad", "berth.dev/gpu-fraction"]),
        BadObject(name: "an object without a kind", object: #"{"apiVersion":"v1"}"#, told: ["kind", "nothing"]),
        BadObject(name: "a number in place of an object", object: "17", told: ["17", "object"]),
    ]
}

/// Files of which not one object can be made out, and what each is.
enum UnreadableText {
    static let all = [
        ("text that is no JSON and no YAML", "{\"apiVersion\": \u{1}"), ("nothing at all", ""),
        ("NaN where a number is meant", #"{"apiVersion":"v1","kind":"Pod","spec":{"priority":NaN}}]"#),
        ("10,000 brackets", String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)),
    ]
}

@Suite("bad input")
struct BadInputTests {

    @Test("is named with its object and field, and the good objects are planned", arguments: BadObject.all)
    func named(bad: BadObject) {
        let text = Manifest.list([Manifest.node("gpu-1"), Manifest.pod("good", gpus: "\"1\""), bad.object])
        let response = Manifest.plan(text)
        for part in bad.told + ["cluster.json"] { #expect(response.standardError.contains(part)) }
        #expect(response.standardOutput.contains(#""pod":"good","group":null,"rank":null,"node":"gpu-1""#))
        #expect(response.status == .success || response.status == .somethingPending)
        let strict = Manifest.plan(text, .init(output: .json, isStrict: true))
        #expect(strict.status == .badInput)
        #expect(strict.standardOutput == "")
    }

    @Test("of which nothing can be read ends with 65, names the file and prints no plan", arguments: UnreadableText.all)
    func unreadable(name: String, text: String) {
        let response = Manifest.plan(text)
        #expect(response.status == .badInput)
        #expect(response.standardOutput == "")
        #expect(response.standardError.contains(": cluster.json"))
        #expect(response.standardError.contains(": found "))
    }

    @Test("one file that cannot be read does not stop the others")
    func oneOfTwo() {
        let good = Manifest.file(Manifest.list([Manifest.node("gpu-1"), Manifest.pod("good", gpus: "\"1\"")]))
        let files = [good, Manifest.file("{", name: "broken.json")]
        let response = PlanRun(request: Manifest.json).respond(to: files)
        #expect(response.standardError.hasPrefix("error: broken.json: "))
        #expect(response.status == .success)
    }

    @Test("a configuration that cannot be read ends with 65")
    func configuration() {
        let cluster = Manifest.file(Manifest.node("gpu-1"))
        let response = PlanRun(request: Manifest.json)
            .respond(to: [cluster], configuration: Manifest.file("[1, 2", name: "berth.yaml"))
        #expect(response.status == .badInput)
        #expect(response.standardError.hasPrefix("error: berth.yaml: "))
    }

    @Test("a path that leads nowhere ends with 65", arguments: ["no/such/file.json", "dump.json.gz"])
    func missing(path: String) {
        let response = PlanRun(request: Manifest.json).respond(toFilesAt: [path], configurationFile: nil)
        #expect(response.status == .badInput)
        #expect(response.standardError.hasPrefix("error: \(path): found "))
    }
}
