import Testing

@testable import KubernetesAPI

@Suite("Keys kept once")
struct KeyTextsTests {
    @Test("every key comes back as it is, also when others stood in its place meanwhile")
    func collisions() {
        // More than there are places.
        let keys =
            (0..<10_000).map { "example.com/a-key-of-some-length-\($0)" } + [
                "short", "", "sixteen-bytes-ok", "schlüssel.example.com/ä",
            ]
        for _ in 0..<2 {
            for key in keys {
                var copy = key
                #expect(copy.withUTF8 { KeyTexts.text($0) } == key)
            }
        }
    }
}
