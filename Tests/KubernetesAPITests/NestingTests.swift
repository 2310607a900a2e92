import Foundation
import KubernetesAPI
import Synchronization
import Testing

/// All of these run on a thread with a stack of 512 KiB, the least that a platform gives to a thread.
@Suite("Deep nesting")
struct NestingTests {
    /// What a small thread finds in `text`.
    private func summaryOnSmallStack(_ text: String) async -> [String] {
        await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: summary(of: text)) }
            thread.stackSize = 512 << 10
            thread.start()
        }
    }

    @Test("in JSON is refused beyond 1,024 levels", arguments: [1_025, 10_000, 1_000_000])
    func json(depth: Int) async {
        let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(
            await self.summaryOnSmallStack(text) == [
                "f: found one level more at line 1 (byte 1024), expected at most 1024 levels of nesting"
            ])
    }

    @Test("in YAML is refused beyond 1,000 levels", arguments: ["- ", "[", "{a: "])
    func yaml(opening: String) async {
        let text = "a:\n  " + String(repeating: opening, count: 10_000) + "\n"
        let findings = await self.summaryOnSmallStack(text)
        #expect(findings.count == 1)
        #expect(findings.first?.hasSuffix("expected at most 1000 levels of nesting") == true)
    }

    @Test("up to the limit is read, and a value there still has its path", arguments: ["json", "yaml"])
    func deepestPath(style: String) async {
        let depth = 900
        let nest = String(repeating: "{\"a\":", count: depth) + "{\"name\":5}" + String(repeating: "}", count: depth)
        let text = "{\"apiVersion\":\"v1\",\"kind\":\"A\",\"x\":\(nest)\(style == "yaml" ? "," : "")}"
        #expect(await self.summaryOnSmallStack(text) == ["A without a name"])
        var value = ManifestReader.read(text, file: "f").objects.first?.value["x"]
        for _ in 0..<depth { value = value?["a"] }
        #expect(value?["name"]?.integer == 5)
    }

    @Test("that aliases pile up is refused as well")
    func aliases() async {
        var text = "a0: &a0 [1]\n"
        let levels = 60
        // Each anchor nests the one before it 50 levels down.
        for level in 1...levels {
            let (open, close) = (String(repeating: "[", count: 50), String(repeating: "]", count: 50))
            text += "a\(level): &a\(level) \(open)*a\(level - 1)\(close)\n"
        }
        #expect(
            await self.summaryOnSmallStack(text) == [
                "f: found one level more once aliases are written out, expected at most 1024 levels of nesting"
            ])
    }
}
