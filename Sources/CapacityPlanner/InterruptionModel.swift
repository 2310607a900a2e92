public import SchedulingModel

/// What an interruption costs, so that spot and on-demand can be compared.
public struct InterruptionModel: Hashable, Sendable {
    /// Hours of work lost on average: half the time between checkpoints.
    public var lostWorkHours = 0.25
    /// Hours from the interruption until work goes on: notice, purchase, boot, load the checkpoint.
    public var restartHours = 0.2

    public init() {}

    /// Millionths of a dollar per hour for `count` nodes that work together: when one is taken, all lose their work.
    ///
    /// price · count · (1 + count · rate · (lost + restart))
    public func expectedCostPerHour(_ offering: NodeOffering, count: Int, together: Bool) -> Double {
        let price = Double(offering.pricePerHourMicroUSD) * Double(count)
        let witnesses = together ? Double(count) : 1
        return price * (1 + witnesses * offering.interruptionsPerHour * (self.lostWorkHours + self.restartHours))
    }
}
