import CapacityPlanner
import SchedulingModel
import Testing

@Suite("Spot notices")
struct SpotNoticeTests {
    let node = NodeName("n")
    let gang = PodGroupKey(namespace: "ml", name: "trainer")

    @Test("a notice cordons, tells the gang, buys, and evicts 30 seconds before the node is taken")
    func order() {
        var notice = SpotNotice(node: self.node, groups: [self.gang])
        let actions = notice.noticed(.interruption(atSeconds: 120), atSeconds: 0)
        #expect(
            actions == [
                .cordon(self.node), .markGang(self.gang, untilSeconds: 90),
                .buyReplacement(for: self.node, group: self.gang),
            ])
        notice.replacementOrdered()
        #expect(notice.tick(atSeconds: 89) == [])
        #expect(notice.nextDeadline == 90)
        #expect(notice.tick(atSeconds: 90) == [.evict(self.node)])
        #expect(notice.tick(atSeconds: 91) == [])
    }

    @Test("the same signal twice changes nothing, and the earlier of two times counts")
    func repeated() {
        var notice = SpotNotice(node: self.node, groups: [self.gang])
        _ = notice.noticed(.interruption(atSeconds: 120), atSeconds: 0)
        #expect(notice.noticed(.interruption(atSeconds: 120), atSeconds: 5) == [])
        #expect(notice.noticed(.interruption(atSeconds: 200), atSeconds: 5) == [])
        #expect(notice.noticed(.interruption(atSeconds: 60), atSeconds: 5) == [.markGang(self.gang, untilSeconds: 30)])
    }

    @Test("a rebalance buys ahead and evicts nobody until an interruption says when")
    func rebalance() {
        var notice = SpotNotice(node: self.node, groups: [])
        let actions = notice.noticed(.rebalance, atSeconds: 0)
        #expect(actions == [.cordon(self.node), .buyReplacement(for: self.node, group: nil)])
        #expect(notice.tick(atSeconds: 10_000) == [])
        #expect(notice.noticed(.interruption(atSeconds: 10_010), atSeconds: 10_000) == [])
        #expect(notice.tick(atSeconds: 10_000) == [.evict(self.node)])
    }

    @Test("a purchase that fails is tried again, also after the eviction, and never once the node is gone")
    func retries() {
        var notice = SpotNotice(node: self.node, groups: [self.gang])
        _ = notice.noticed(.interruption(atSeconds: 60), atSeconds: 0)
        notice.replacementFailed(atSeconds: 1)
        #expect(notice.tick(atSeconds: 10) == [])
        #expect(notice.tick(atSeconds: 11) == [.buyReplacement(for: self.node, group: self.gang)])
        notice.replacementFailed(atSeconds: 29)
        #expect(notice.tick(atSeconds: 30) == [.evict(self.node)])
        #expect(notice.tick(atSeconds: 39) == [.buyReplacement(for: self.node, group: self.gang)])
        notice.replacementFailed(atSeconds: 40)
        notice.nodeGone()
        #expect(notice.tick(atSeconds: 100) == [])
        #expect(notice.nextDeadline == nil)
    }
}
