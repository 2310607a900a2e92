/// A time of the week in UTC that comes again every week, as office hours or a nightly run. Half open: its end is outside.
public struct WeeklyWindow: Hashable, Sendable {
    public enum Day: String, Hashable, CaseIterable, Sendable {
        case mon, tue, wed, thu, fri, sat, sun
    }

    /// Days on which it begins; it may end on the day after.
    public var days: Set<Day>
    /// Minute of the day, from 0.
    public var startMinute: Int
    /// At least 1, at most a whole day.
    public var minuteCount: Int

    public init(days: Set<Day> = Set(Day.allCases), startMinute: Int, minuteCount: Int) {
        self.days = days
        self.startMinute = startMinute
        self.minuteCount = minuteCount
    }

    private static let minutesOfDay = 1440
    private static let minutesOfWeek = 7 * 1440
    /// 1970 began on a Thursday.
    private static let firstMinute = 3 * 1440

    /// Whether the time, in seconds since 1970, is inside.
    public func contains(atSeconds seconds: Int64) -> Bool {
        let minute = Self.minuteOfWeek(atSeconds: seconds)
        return self.starts.contains { Self.minutes(from: $0, to: minute) < self.minuteCount }
    }

    /// The next time, in seconds since 1970, at which it begins or ends; nil for a window without days.
    public func nextChange(afterSeconds seconds: Int64) -> Int64? {
        let minute = Self.minuteOfWeek(atSeconds: seconds)
        let edges = self.starts.flatMap { [$0, ($0 + self.minuteCount) % Self.minutesOfWeek] }
        let waits = edges.map { edge in
            let wait = Self.minutes(from: minute, to: edge)
            return wait == 0 ? Self.minutesOfWeek : wait
        }
        return waits.min().map { (Self.floorMinute(seconds) + Int64($0)) * 60 }
    }

    /// Whether the time is inside, or a beginning is no further away than the lead.
    func contains(atSeconds seconds: Int64, leadSeconds lead: Int64) -> Bool {
        self.contains(atSeconds: seconds) || self.nextStart(afterSeconds: seconds).map { $0 - lead <= seconds } ?? false
    }

    /// As `nextChange`, of what begins earlier by the lead and ends when the window does.
    func nextChange(afterSeconds seconds: Int64, leadSeconds lead: Int64) -> Int64? {
        let early = self.nextStart(afterSeconds: seconds + lead).map { $0 - lead }
        return [self.nextChange(afterSeconds: seconds), early].compactMap(\.self).min()
    }

    private func nextStart(afterSeconds seconds: Int64) -> Int64? {
        let minute = Self.minuteOfWeek(atSeconds: seconds)
        let waits = self.starts.map { start in
            let wait = Self.minutes(from: minute, to: start)
            return wait == 0 ? Self.minutesOfWeek : wait
        }
        return waits.min().map { (Self.floorMinute(seconds) + Int64($0)) * 60 }
    }

    private var starts: [Int] {
        Day.allCases.enumerated().filter { self.days.contains($0.element) }
            .map { $0.offset * Self.minutesOfDay + self.startMinute }
    }

    private static func minutes(from: Int, to: Int) -> Int { (to - from + Self.minutesOfWeek) % Self.minutesOfWeek }

    private static func minuteOfWeek(atSeconds seconds: Int64) -> Int {
        let week = Int64(Self.minutesOfWeek)
        let minute = (Self.floorMinute(seconds) % week + Int64(Self.firstMinute) + week) % week
        return Int(minute)
    }

    private static func floorMinute(_ seconds: Int64) -> Int64 {
        seconds / 60 - (seconds % 60 < 0 ? 1 : 0)
    }
}

/// A minimum of a pool's nodes while a window is open.
public struct ScheduledMinimum: Hashable, Sendable {
    public var window: WeeklyWindow
    public var minNodes: Int

    public init(window: WeeklyWindow, minNodes: Int) {
        self.window = window
        self.minNodes = minNodes
    }
}

/// How many nodes of a pool may be disrupted at once: emptied, or given back.
public struct NodeDisruptionBudget: Hashable, Sendable {
    public enum Limit: Hashable, Sendable {
        case count(Int)
        /// Of the pool's nodes, rounded up.
        case percent(Int)
    }

    public var limit: Limit
    /// Nil: always.
    public var window: WeeklyWindow?

    public init(limit: Limit, window: WeeklyWindow? = nil) {
        self.limit = limit
        self.window = window
    }

    func allowed(of nodeCount: Int) -> Int {
        switch self.limit {
        case .count(let count): count
        case .percent(let percent): (nodeCount * percent + 99) / 100
        }
    }
}
