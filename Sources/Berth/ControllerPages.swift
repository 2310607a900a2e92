import Controller
import HTTPServing
import PlanReport
import SchedulerExtender

/// What the controller shows over HTTP. Nothing here writes.
struct ControllerPages: Sendable {
    let controller: Controller
    let extender: SchedulerExtender?

    func answer(_ request: ServedRequest) async -> ServedAnswer {
        guard request.method == "GET" else { return .text("only GET is served here\n", status: 405) }
        switch request.path {
        case "/healthz", "/livez": return .text("ok\n")
        case "/readyz":
            return await self.controller.isReady ? .text("ok\n") : .text("the caches are not synced\n", status: 503)
        case "/metrics":
            let counts = self.extender?.counts ?? .init()
            return .init(
                headers: [("Content-Type", "text/plain; version=0.0.4")],
                body: .bytes(Array(self.controller.metrics.text().utf8) + Array(Self.text(counts).utf8)))
        case "/plan":
            guard let report = await self.controller.report else { return .text("no plan yet\n", status: 503) }
            return .json(Array(report.json().utf8))
        default:
            let prefix = "/explain/"
            guard request.path.hasPrefix(prefix) else { return .text("not found\n", status: 404) }
            return await self.explain(String(request.path.dropFirst(prefix.count)))
        }
    }

    /// - Parameter name: `namespace/name` of a pod or group.
    private func explain(_ name: String) async -> ServedAnswer {
        guard let report = await self.controller.report else { return .text("no plan yet\n", status: 503) }
        guard let subject = report.subject(named: name) else {
            return .text("no pod or group \(name) in the newest plan\n", status: 404)
        }
        return .text(report.explanation(of: subject))
    }

    private static func text(_ counts: SchedulerExtender.Counts) -> String {
        """
        # HELP berth_extender_sampled_requests_total Filter calls that did not offer the planned node: kube-scheduler samples nodes
        # TYPE berth_extender_sampled_requests_total counter
        berth_extender_sampled_requests_total \(counts.sampled)
        # HELP berth_extender_unseen_pods_total Filter and prioritize calls for pods that our own watch had not brought yet
        # TYPE berth_extender_unseen_pods_total counter
        berth_extender_unseen_pods_total \(counts.unseen)

        """
    }
}

/// The extender's calls over HTTP: POST with JSON, 200 for every answer of the protocol.
struct ExtenderCalls: Sendable {
    let extender: SchedulerExtender
    let metrics: Metrics

    private static let latency = Metrics.Family(
        "berth_extender_duration_seconds", .histogram, labels: ["verb"], "Time to answer a call of kube-scheduler")
    private static let calls = Metrics.Family(
        "berth_extender_calls_total", .counter, labels: ["verb", "code"], "Calls of kube-scheduler by HTTP status")

    func answer(_ request: ServedRequest) async -> ServedAnswer {
        let verb = request.path.split(separator: "/").last.map(String.init) ?? ""
        guard ["filter", "prioritize", "preempt"].contains(verb) else {
            return .text(
                "found \(request.path), expected a path that ends in filter, prioritize or preempt\n", status: 404)
        }
        guard request.method == "POST" else { return .text("only POST is served here\n", status: 405) }
        let start = ContinuousClock.now
        let answer = self.answer(verb, request.body)
        let time = ContinuousClock.now - start
        self.metrics.observe(
            Self.latency, [verb], Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18)
        self.metrics.add(Self.calls, [verb, String(answer.status)])
        return answer
    }

    private func answer(_ verb: String, _ body: [UInt8]) -> ServedAnswer {
        do throws(SchedulerExtender.Refusal) {
            switch verb {
            case "filter": return .json(try self.extender.filter(body))
            case "prioritize": return .json(try self.extender.prioritize(body))
            default: return .json(try self.extender.preempt(body))
            }
        } catch {
            switch error {
            case .unreadable(let what): return .text("\(what)\n", status: 400)
            case .notReady: return .text("there is no plan yet\n", status: 503)
            }
        }
    }
}
