import CapacityPlanner
package import ClusterImport
package import ControlLoop
import SchedulingCycle

extension ControlLoopConfiguration {
    /// What `berth.yaml` says to the loop, to a dry run as to the controller.
    package init(_ settings: BerthConfiguration) {
        self.init()
        self.planner.allReduce = settings.allReduce
        if let steps = settings.limits.searchSteps { self.planner.gangStepLimit = steps }
        self.planner.preempts = settings.preemption == .enabled
        self.interruptions.lostWorkHours = settings.capacity.lostWorkHours
        self.interruptions.restartHours = settings.capacity.restartHours
    }
}
