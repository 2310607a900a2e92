extension Taint {
    /// Of a taint that stands for a condition by which an agent on the node says that the machine is going to be taken. Import adds it;
    /// nobody writes it down.
    public static let scheduledEventKey = "berth.dev/scheduled-event"

    /// - Parameters:
    ///   - kind: In the cloud's own words: `Preempt`.
    ///   - seconds: When the machine is taken; seconds since 1970, nil where the cloud does not say.
    public static func scheduledEvent(_ kind: String, atSeconds seconds: Int64?) -> Taint {
        Taint(
            key: Self.scheduledEventKey, value: kind + (seconds.map { "@\($0)" } ?? ""), effect: .noSchedule)
    }

    /// What `scheduledEvent` was told; nil for another taint.
    public var scheduledEvent: (kind: String, atSeconds: Int64?)? {
        guard self.key == Self.scheduledEventKey else { return nil }
        let parts = self.value.split(separator: "@", maxSplits: 1)
        return (parts.first.map(String.init) ?? "", parts.count == 2 ? Int64(parts[1]) : nil)
    }
}
