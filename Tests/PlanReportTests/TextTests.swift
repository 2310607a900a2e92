import SchedulingModel
import Testing

@testable import PlanReport

@Suite("text of a plan")
struct TextTests {
    @Test(
        "names that count up are folded, whatever their order",
        arguments: [
            (["a-1", "a-0", "a-2"], ["a-{0..2}"]),
            (["a-0", "a-1"], ["a-0, a-1"]),
            (["a-8", "a-9", "a-10", "a-11"], ["a-{8..11}"]),
            (["a-08", "a-09", "a-10"], ["a-{08..10}"]),
            (["a-9", "a-010", "a-11"], ["a-9", "a-010", "a-11"]),
            (["a-0", "a-2", "b"], ["a-0", "a-2", "b"]),
            (["n-1.ec2.internal", "n-2.ec2.internal", "n-3.ec2.internal"], ["n-{1..3}.ec2.internal"]),
            (["a-99999999999999999999", "a-1"], ["a-1", "a-99999999999999999999"]),
            ([], []),
        ])
    func folding(names: [String], expected: [String]) {
        #expect(NameFolding.fold(names) == expected)
    }

    @Test(
        "amounts are written as Kubernetes writes them",
        arguments: [
            (ResourceName.cpu, 1500, "1500m"), (.cpu, 230_000, "230"), (.cpu, 0, "0"),
            (.memory, 300 << 30, "300Gi"), (.memory, 3 << 29, "1.5Gi"), (.memory, 1000, "1000"),
            (.memory, Int64.max, "8388607.9Ti"), (.nvidiaGPU, 8, "8"), (ResourceName("hugepages-2Mi"), 4 << 20, "4Mi"),
        ])
    func amounts(resource: ResourceName, amount: Int64, expected: String) {
        #expect(AmountText.amount(amount, of: resource) == expected)
    }

    @Test(
        "times have three digits and a unit that suits them",
        arguments: [
            (0.0089, "8.90 ms"), (1.25, "1.25 s"), (0.000412, "412 µs"), (99.96, "100 s"), (9.996, "10.0 s"),
            (0, "0.00 µs"), (.nan, "unknown"), (.infinity, "unknown"),
        ])
    func seconds(value: Double, expected: String) {
        #expect(AmountText.seconds(value) == expected)
    }

    @Test(
        "JSON strings escape what the standard demands and leave the rest",
        arguments: [
            ("a\"b\\c", #""a\"b\\c""#), ("tab\tline\nend\r", #""tab\tline\nend\r""#),
            ("\u{0}\u{1F}\u{8}\u{C}", #""\u0000\u001f\b\f""#),
            ("é/\u{7F}\u{2028}\u{1F600}", "\"é/\u{7F}\u{2028}\u{1F600}\""),
        ])
    func escaping(text: String, expected: String) {
        #expect(JSONValue.string(text).text(lineDepth: 0) == expected)
    }

    @Test(
        "numbers are the shortest text that reads back, and never text that is no JSON",
        arguments: [
            (0.1, "0.1"), (1e-7, "1e-07"), (2, "2.0"), (.infinity, "null"), (.nan, "null"),
            (1.0 / 3, "0.3333333333333333"),
        ])
    func numbers(value: Double, expected: String) {
        #expect(JSONValue.number(value).text(lineDepth: 0) == expected)
    }

    @Test("every reason has words of its own")
    func words() {
        let words = ReasonCode.allCases.map(ReasonText.words(for:))
        #expect(Set(words).count == ReasonCode.allCases.count)
    }

    @Test("every reason makes a sentence without any evidence at all", arguments: ReasonCode.allCases)
    func sentenceWithoutEvidence(reason: ReasonCode) {
        let text = ReasonText(snapshot: SamplePlan.snapshot)
        let pending = PendingPod(pod: PodKey(namespace: "x", name: "y"), reason: reason)
        let sentence = text.message(for: pending, in: nil)
        #expect(!sentence.isEmpty && !sentence.hasSuffix("."))
    }

    @Test("devices are told as runs, with what is shared and what is assumed")
    func devices() {
        let slot = DeviceAssignment(resource: .nvidiaGPU, index: 3, kind: .slot, memoryMiB: 7000, isAssumed: false)
        let part = DeviceAssignment(
            resource: .nvidiaGPU, index: 1, kind: .fraction, memoryMiB: 8000, thousandths: 500)
        #expect(DeviceText.full(SamplePlan.whole(0..<3)) == "3 nvidia.com/gpu: 0-2 (assumed)")
        #expect(DeviceText.full([slot]) == "nvidia.com/gpu slot, 7000 MiB: 3 (known)")
        #expect(DeviceText.summary([part]) == "nvidia.com/gpu part, 8000 MiB, 50.0 %")
        #expect(DeviceText.ranges([7, 1, 0, 2]) == "0-2,7")
        #expect(DeviceText.full([]) == "none")
    }

    @Test("a required level that is too small names the best domain and what it lacks")
    func domainTooSmall() {
        let fit = Evidence.DomainFit(
            domain: TopologyDomain(axis: .level(1), path: ["b1", "r7"]), fittingMembers: 3, neededMembers: 4,
            freeAccelerators: 26, neededAccelerators: 32)
        let pending = PendingPod(
            pod: PodKey(namespace: "ml", name: "t-0"), reason: .topologyDomainTooSmall,
            evidence: Evidence(domains: [fit]), fix: .widenTopology(to: .level(0)))
        let text = ReasonText(snapshot: SamplePlan.snapshot)
        #expect(
            text.message(for: pending, in: nil)
                == "no single rack holds the gang: best is r7 with room for 3 of 4 members, 26 GPUs free of 32 needed")
        #expect(
            text.message(for: .widenTopology(to: .level(0)))
                == "require block instead: the gang fits in one")
    }
}
