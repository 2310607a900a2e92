import Controller
import HTTPServing
import PlanReport
import SchedulerExtender
import SchedulingModel

/// What the controller shows over HTTP. Nothing here writes.
struct ControllerPages: Sendable {
    let controller: Controller
    let extender: SchedulerExtender?

    /// Whether every door can give an answer: there is a plan that the verifier accepted, and the extender answers from
    /// one.
    var isReady: Bool {
        get async { await self.controller.isReady && self.extender?.isReady ?? true }
    }

    private var missing: String {
        get async {
            await self.controller.isReady ? "the plan is not laid out for the extender yet" : "there is no plan yet"
        }
    }

    func answer(_ request: ServedRequest) async -> ServedAnswer {
        guard request.method == "GET" else { return .text("only GET is served here\n", status: 405) }
        switch request.path {
        case "/healthz", "/livez": return .text("ok\n")
        case "/readyz":
            return await self.isReady ? .text("ok\n") : .text("\(await self.missing)\n", status: 503)
        case "/metrics":
            await self.controller.settleSpending()
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

    /// How many pods of the plan wait, beside an explanation.
    static let pendingHeader = "Berth-Pending-Pods"

    /// - Parameter name: `namespace/name` of a pod or group.
    private func explain(_ name: String) async -> ServedAnswer {
        guard let report = await self.controller.report else { return .text("no plan yet\n", status: 503) }
        guard let subject = report.subject(named: name) else {
            return .text("no pod or group \(name) in the newest plan\n", status: 404)
        }
        var answer = ServedAnswer.text(report.explanation(of: subject))
        answer.headers.append((Self.pendingHeader, String(report.plan.pending.count)))
        return answer
    }

    private static func text(_ counts: SchedulerExtender.Counts) -> String {
        """
        # HELP berth_extender_sampled_requests_total Filter calls that did not offer the planned node: kube-scheduler samples nodes
        # TYPE berth_extender_sampled_requests_total counter
        berth_extender_sampled_requests_total \(counts.sampled)
        # HELP berth_extender_stranger_pods_total Pods that kube-scheduler asked about and the plan does not know, once per plan
        # TYPE berth_extender_stranger_pods_total counter
        berth_extender_stranger_pods_total \(counts.strangers)
        # HELP berth_extender_refused_bindings_total Bindings that kube-scheduler asked for and that were not made
        # TYPE berth_extender_refused_bindings_total counter
        berth_extender_refused_bindings_total \(counts.refusedBindings)

        """
    }
}
