import SchedulingModel
import Testing

@Suite("Taints and tolerations")
struct TaintTests {
    private static let dedicated = Taint(key: "dedicated", value: "ml", effect: .noSchedule)

    @Test(
        "a toleration matches by key, value and effect",
        arguments: [
            (Toleration(key: "dedicated"), true),
            (Toleration(key: "dedicated", match: .equal("ml")), true),
            (Toleration(key: "dedicated", match: .equal("web")), false),
            (Toleration(key: "dedicated", match: .equal("")), false),
            (Toleration(key: "other"), false),
            (Toleration(key: nil), true),
            (Toleration(key: "dedicated", effect: .noSchedule), true),
            (Toleration(key: "dedicated", effect: .noExecute), false),
            (Toleration(key: nil, effect: .noExecute), false),
            (Toleration(key: "dedicated", match: .isGreater(than: 1)), false),
        ])
    func matching(_ toleration: Toleration, _ tolerates: Bool) {
        #expect(toleration.tolerates(Self.dedicated) == tolerates)
    }

    @Test(
        "numeric tolerations read the taint's value as an integer",
        arguments: [
            (Toleration.Match.isGreater(than: 3), "4", true), (.isGreater(than: 4), "4", false),
            (.isLess(than: 5), "4", true), (.isLess(than: 4), "4", false), (.isLess(than: 4), "", false),
        ])
    func numeric(_ match: Toleration.Match, _ value: String, _ tolerates: Bool) {
        let taint = Taint(key: "sla", value: value, effect: .noSchedule)
        #expect(Toleration(key: "sla", match: match).tolerates(taint) == tolerates)
    }

    @Test("PreferNoSchedule keeps nobody off a node")
    func soft() {
        let node = NodeState(name: NodeName("a"), taints: [Taint(key: "slow", effect: .preferNoSchedule)])
        #expect(SchedulingConstraints().untoleratedTaint(of: node) == nil)
    }

    @Test("the first hard taint that is not tolerated is named")
    func firstUntolerated() {
        let second = Taint(key: "second", effect: .noExecute)
        let third = Taint(key: "third", effect: .noSchedule)
        let node = NodeState(name: NodeName("a"), taints: [Self.dedicated, second, third])
        var constraints = SchedulingConstraints()
        #expect(constraints.untoleratedTaint(of: node) == Self.dedicated)
        constraints.tolerations = [Toleration(key: "dedicated")]
        #expect(constraints.untoleratedTaint(of: node) == second)
        constraints.tolerations.append(Toleration(key: nil, effect: .noExecute))
        #expect(constraints.untoleratedTaint(of: node) == third)
        constraints.tolerations = [Toleration(key: nil)]
        #expect(constraints.untoleratedTaint(of: node) == nil)
    }

    @Test(
        "a taint's key decides the reason code",
        arguments: [
            (Taint.unschedulable, ReasonCode.nodeUnschedulable), (.notReady, .nodeNotReady),
            (Taint(key: "node.kubernetes.io/unreachable", effect: .noExecute), .nodeNotReady),
            (Self.dedicated, .untoleratedTaint),
        ])
    func reasonCodes(_ taint: Taint, _ code: ReasonCode) {
        #expect(RejectionReason.untoleratedTaint(taint).code == code)
    }
}
