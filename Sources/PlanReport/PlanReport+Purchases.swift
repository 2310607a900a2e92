public import SchedulingModel

/// What to buy, and for how many hours the bill is made.
public struct PurchaseReport: Sendable {
    public var plan: PurchasePlan
    /// Hours of work in a week; a month has 52 / 12 weeks.
    public var hoursPerWeek: Double

    public init(plan: PurchasePlan, hoursPerWeek: Double) {
        self.plan = plan
        self.hoursPerWeek = hoursPerWeek
    }

    /// A month's cost of something that costs so much an hour, in dollars.
    func monthlyUSD(_ microUSDPerHour: Int64) -> Double {
        // Cents, so that the text is short.
        (Double(microUSDPerHour) / 1e6 * self.hoursPerWeek * 52 / 12 * 100).rounded() / 100
    }

    private static func usd(_ microUSD: Int64) -> JSONValue { .number(Double(microUSD) / 1e6) }

    // MARK: JSON

    /// Top-level members of the plan's document.
    func members() -> [JSONValue.Member] {
        [
            .init("purchases", .array(self.plan.purchases.map(self.value(of:)))),
            .init("unserved", .array(self.plan.unserved.map(Self.value(of:)))),
            .init("bill", self.billValue),
        ]
    }

    private var billValue: JSONValue {
        .object([
            .init("pricePerHourUSD", Self.usd(self.plan.pricePerHourMicroUSD)),
            .init("expectedCostPerHourUSD", Self.usd(self.plan.expectedCostPerHourMicroUSD)),
            .init("lowerBoundPerHourUSD", Self.usd(self.plan.lowerBoundPerHourMicroUSD)),
            .init("hoursPerWeek", .number(self.hoursPerWeek)),
            .init("pricePerMonthUSD", .number(self.monthlyUSD(self.plan.pricePerHourMicroUSD))),
            .init("onDemandPricePerMonthUSD", self.onDemandMonth.map(JSONValue.number) ?? .null),
        ])
    }

    /// The same nodes on demand; nil where one of them is not sold so.
    private var onDemandMonth: Double? {
        let prices = self.plan.purchases.map(\.onDemandPricePerHourMicroUSD)
        guard prices.allSatisfy({ $0 != nil }) else { return nil }
        return self.monthlyUSD(prices.reduce(0) { $0 + ($1 ?? 0) })
    }

    private func value(of purchase: Purchase) -> JSONValue {
        .object([
            .init("pool", .string(purchase.pool)),
            .init("instanceType", .string(purchase.offering.instanceType)),
            .init("zone", .string(purchase.offering.zone)),
            .init("capacityType", .string(purchase.offering.capacityType.rawValue)),
            .init("nodes", .integer(purchase.nodeCount)),
            .init("pricePerHourUSD", Self.usd(purchase.pricePerHourMicroUSD)),
            .init("expectedCostPerHourUSD", Self.usd(purchase.expectedCostPerHourMicroUSD)),
            .init("onDemandPricePerHourUSD", purchase.onDemandPricePerHourMicroUSD.map(Self.usd) ?? .null),
            .init("group", .optional(purchase.group?.description)),
            .init("pods", .strings(purchase.pods.map(\.description))),
        ])
    }

    private static func value(of unserved: UnservedPod) -> JSONValue {
        .object([
            .init("pod", .string(unserved.pod.description)),
            .init("reason", .string(unserved.reason.rawValue)),
        ])
    }

    // MARK: Table

    func section(_ style: TableStyle) -> [String] {
        guard !self.plan.purchases.isEmpty || !self.plan.unserved.isEmpty else { return [] }
        var columns = AlignedColumns()
        columns.add("NODES", "INSTANCE TYPE", "ZONE", "TERMS", "USD/HOUR", "ON DEMAND", "FOR")
        for purchase in self.plan.purchases {
            columns.add(
                String(purchase.nodeCount), purchase.offering.instanceType, purchase.offering.zone,
                purchase.offering.capacityType.rawValue, Self.text(purchase.pricePerHourMicroUSD),
                purchase.onDemandPricePerHourMicroUSD.map(Self.text) ?? "-",
                Self.purpose(of: purchase))
        }
        let lines = self.plan.purchases.isEmpty ? [] : columns.lines(indentation: 2)
        return [style.heading("To buy")] + lines + self.bill + self.unservedLines(style)
    }

    private static func purpose(of purchase: Purchase) -> String {
        if let group = purchase.group { return "gang \(group)" }
        return purchase.pods.isEmpty ? "the pool keeps them" : AmountText.count(purchase.pods.count, "pod")
    }

    private var bill: [String] {
        guard !self.plan.purchases.isEmpty else { return [] }
        let hours = AmountText.oneDecimal(self.hoursPerWeek)
        let month = Self.dollars(self.monthlyUSD(self.plan.pricePerHourMicroUSD))
        let onDemand = self.onDemandMonth.map { ", on demand \(Self.dollars($0))" } ?? ""
        return [
            "  \(Self.text(self.plan.pricePerHourMicroUSD)) USD an hour; with interruptions "
                + "\(Self.text(self.plan.expectedCostPerHourMicroUSD)) expected, "
                + "\(Self.text(self.plan.lowerBoundPerHourMicroUSD)) at the very least",
            "  a month of \(hours) hours a week: \(month)\(onDemand)",
        ]
    }

    private func unservedLines(_ style: TableStyle) -> [String] {
        let counts = Dictionary(grouping: self.plan.unserved, by: \.reason.rawValue).mapValues(\.count)
        return counts.sorted { $0.key < $1.key }.map { reason, count in
            "  nothing bought for \(AmountText.count(count, "pod")): \(style.warning(reason))"
        }
    }

    /// Dollars with two decimals.
    private static func text(_ microUSD: Int64) -> String {
        let cents = (microUSD + 5_000) / 10_000
        let rest = cents % 100
        return "\(cents / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    private static func dollars(_ dollars: Double) -> String {
        guard abs(dollars) < 1e12 else { return "unknown" }
        return "$" + Self.text(Int64((dollars * 1e6).rounded()))
    }
}
