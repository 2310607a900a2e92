import KubernetesAPI
import Testing

@Suite("Reading a manifest")
struct ManifestReaderTests {
    @Test("a list of pods is flattened and decoded")
    func flattensLists() throws {
        let contents = ManifestReader.read(
            """
            {"apiVersion":"v1","kind":"PodList","items":[{"metadata":{"name":"a","namespace":"ml"},
             "spec":{"containers":[{"name":"c","resources":{"limits":{"nvidia.com/gpu":"abc","cpu":"500m"}}}]}}]}
            """, file: "x.json")
        #expect(contents.findings == [])
        var findings: [Finding] = []
        let pod = try #require(contents.objects.first?.read(Pod.self, into: &findings))
        #expect(pod.metadata.name == "a")
        #expect(pod.hasErrors)
        #expect(pod.spec.containers.first?.resources.limits["cpu"]?.thousandths(rounding: .up) == 500)
        #expect(
            findings.map(\.description) == [
                "x.json, item 1: Pod ml/a: spec.containers[0].resources.limits.nvidia.com/gpu: found \"abc\", expected a quantity such as 2, 500m or 1.5Gi"
            ])
    }
}
