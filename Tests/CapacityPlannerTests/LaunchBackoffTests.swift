import CapacityPlanner
import SchedulingModel
import Testing

@Suite("Launch back-off")
struct LaunchBackoffTests {
    let key = OfferingKey(instanceType: "box", zone: "a", capacityType: .spot)

    @Test("waits grow with each failure up to the longest, and jitter stays in the upper half")
    func growth() {
        var backoff = LaunchBackoff(seed: 1)
        for failures in 0..<12 {
            let until = backoff.launchFailed(self.key, atSeconds: 1000)
            let wait = min(1800, Int64(60) << Int64(failures))
            #expect((1000 + wait / 2...1000 + wait).contains(until))
        }
    }

    @Test("a success ends the wait, and other zones never waited")
    func success() {
        var backoff = LaunchBackoff(seed: 1)
        backoff.launchFailed(self.key, atSeconds: 0)
        #expect(backoff.blocked(atSeconds: 10) == [self.key])
        #expect(!backoff.isBlocked(OfferingKey(instanceType: "box", zone: "b", capacityType: .spot), atSeconds: 10))
        backoff.launchSucceeded(self.key)
        #expect(backoff.blocked(atSeconds: 10) == [])
    }
}
