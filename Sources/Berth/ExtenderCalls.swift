import Controller
import HTTPServing
import SchedulerExtender

/// The extender's calls over HTTP: POST with JSON, 200 for every answer of the protocol.
struct ExtenderCalls: Sendable {
    let extender: SchedulerExtender
    let metrics: Metrics
    /// Nil: the scheduler binds by itself, and there is no bind verb.
    let binder: (any PodBinder)?

    private static let latency = Metrics.Family(
        "berth_extender_duration_seconds", .histogram, labels: ["verb"], "Time to answer a call of kube-scheduler")
    private static let calls = Metrics.Family(
        "berth_extender_calls_total", .counter, labels: ["verb", "code"], "Calls of kube-scheduler by HTTP status")

    func answer(_ request: ServedRequest) async -> ServedAnswer {
        let verb = request.path.split(separator: "/").last.map(String.init) ?? ""
        let verbs = ["filter", "prioritize", "preempt"] + (self.binder == nil ? [] : ["bind"])
        guard verbs.contains(verb) else {
            return .text(
                "found \(request.path), expected a path that ends in one of \(verbs.joined(separator: ", "))\n",
                status: 404)
        }
        guard request.method == "POST" else { return .text("only POST is served here\n", status: 405) }
        let start = ContinuousClock.now
        let answer = await self.answer(verb, request.body)
        self.metrics.observe(Self.latency, [verb], (ContinuousClock.now - start).inSeconds)
        self.metrics.add(Self.calls, [verb, String(answer.status)])
        return answer
    }

    private func answer(_ verb: String, _ body: [UInt8]) async -> ServedAnswer {
        do throws(SchedulerExtender.Refusal) {
            if verb == "bind", let binder { return .json(try await self.extender.bind(body, by: binder)) }
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
