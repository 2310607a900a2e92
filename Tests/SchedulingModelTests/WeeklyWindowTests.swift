import SchedulingModel
import Testing

@Suite("Windows of the week")
struct WeeklyWindowTests {
    /// In the week of Monday 2026-11-30.
    private func at(_ day: Int, _ hour: Int, _ minute: Int = 0, second: Int64 = 0) -> Int64 {
        // 1970-01-05 was a Monday; 2969 weeks later is 2026-11-30.
        let monday: Int64 = 4 * 86_400 + 2969 * 7 * 86_400
        return monday + Int64(day * 86_400 + hour * 3600 + minute * 60) + second
    }

    @Test("office hours hold on their days, from the first minute to before the last")
    func officeHours() {
        let window = WeeklyWindow(days: [.mon, .tue, .wed, .thu, .fri], startMinute: 480, minuteCount: 600)
        #expect(!window.contains(atSeconds: self.at(0, 7, 59, second: 59)))
        #expect(window.contains(atSeconds: self.at(0, 8)))
        #expect(window.contains(atSeconds: self.at(4, 17, 59, second: 59)))
        #expect(!window.contains(atSeconds: self.at(4, 18)))
        #expect(!window.contains(atSeconds: self.at(5, 12)))
        #expect(window.nextChange(afterSeconds: self.at(4, 18)) == self.at(7, 8))
        #expect(window.nextChange(afterSeconds: self.at(0, 8, 30, second: 5)) == self.at(0, 18))
    }

    @Test("a night that begins on Sunday ends on Monday, in the next week")
    func overMidnight() {
        let window = WeeklyWindow(days: [.sun], startMinute: 1320, minuteCount: 480)
        #expect(window.contains(atSeconds: self.at(6, 23)))
        #expect(window.contains(atSeconds: self.at(7, 5, 59)))
        #expect(window.contains(atSeconds: self.at(0, 5, 59)))
        #expect(!window.contains(atSeconds: self.at(7, 6)))
        #expect(!window.contains(atSeconds: self.at(6, 5)))
        #expect(window.nextChange(afterSeconds: self.at(6, 23)) == self.at(7, 6))
    }

    @Test("times before 1970 are times of the week too")
    func early() {
        let window = WeeklyWindow(days: [.wed], startMinute: 1439, minuteCount: 1)
        #expect(window.contains(atSeconds: -1))
        #expect(!window.contains(atSeconds: 0))
        #expect(window.nextChange(afterSeconds: -1) == 0)
    }

    @Test("of minimums and budgets the strictest that holds counts")
    func pools() {
        var pool = NodePool(name: "p", offerings: [], nodeCount: 15, minNodes: 1, maxNodes: 8)
        let office = WeeklyWindow(days: [.mon], startMinute: 480, minuteCount: 600)
        pool.schedules = [
            ScheduledMinimum(window: office, minNodes: 4),
            ScheduledMinimum(window: WeeklyWindow(startMinute: 540, minuteCount: 60), minNodes: 20),
        ]
        #expect(pool.minNodes(atSeconds: self.at(0, 7)) == 1)
        #expect(pool.minNodes(atSeconds: self.at(0, 8)) == 4)
        #expect(pool.minNodes(atSeconds: self.at(0, 9)) == 8)
        #expect(pool.disruptionLimit(atSeconds: 0) == nil)
        pool.disruptionBudgets = [
            NodeDisruptionBudget(limit: .percent(10)), NodeDisruptionBudget(limit: .count(0), window: office),
        ]
        #expect(pool.disruptionLimit(atSeconds: self.at(0, 7)) == 2)
        #expect(pool.disruptionLimit(atSeconds: self.at(0, 8)) == 0)
        #expect(pool.nextChange(afterSeconds: self.at(0, 7)) == self.at(0, 8))
    }

    @Test("nodes are wanted as much earlier as they take to boot, and no longer than the window")
    func lead() {
        var pool = NodePool(name: "p", offerings: [])
        pool.schedules = [
            ScheduledMinimum(window: WeeklyWindow(days: [.mon], startMinute: 2, minuteCount: 600), minNodes: 4)
        ]
        pool.bootSeconds = 300
        let opens = self.at(0, 0) + 120
        // On the day before, a week later, too.
        for week in [0, 7 * 86_400] as [Int64] {
            #expect(pool.minNodes(atSeconds: opens + week - 301) == 0)
            #expect(pool.nextChange(afterSeconds: opens + week - 301) == opens + week - 300)
            #expect(pool.minNodes(atSeconds: opens + week - 300) == 4)
            #expect(pool.minNodes(atSeconds: opens + week) == 4)
        }
        #expect(pool.nextChange(afterSeconds: opens) == opens + 36_000)
        #expect(pool.minNodes(atSeconds: opens + 36_000) == 0)
        pool.bootSeconds = 0
        #expect(pool.minNodes(atSeconds: opens - 1) == 0)
    }
}
