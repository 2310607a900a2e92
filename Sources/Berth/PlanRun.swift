import CapacityPlanner
import ClusterImport
import ControlLoop
import KubernetesAPI
import PlacementVerifier
import PlanReport
import SchedulingCycle
import SchedulingModel

/// One `berth plan`, from bytes to bytes, without touching a terminal.
struct PlanRun: Sendable {
    struct Request: Sendable {
        var output = OutputFormat.table
        /// `namespace/name` of a pod or group.
        var explain: String?
        var demandNamespace: String?
        var isStrict = false
        var style = TableStyle()
    }

    var request: Request
    /// Told what is being done when a step begins.
    var progress: @Sendable (String) -> Void = { _ in }

    // MARK: Reading

    /// A path that cannot be read ends the run with 65: a plan without a file that was named would mislead.
    func respond(toFilesAt paths: [String], configurationFile: String?) -> CommandResponse {
        var files: [InputFile] = []
        var configuration: InputFile?
        do throws(InputError) {
            if let configurationFile { configuration = try InputFile(readingFrom: configurationFile) }
            for path in paths {
                for file in try InputFile.paths(at: path) {
                    self.progress("reading \(file)")
                    files.append(try InputFile(readingFrom: file))
                }
            }
        } catch {
            return .failed(.badInput, ["error: \(error)"])
        }
        return self.respond(to: files, configuration: configuration)
    }

    func respond(to files: [InputFile], configuration: InputFile? = nil) -> CommandResponse {
        var findings: [Finding] = []
        guard let settings = Self.settings(configuration, findings: &findings) else { return self.refused(findings) }
        var objects: [ManifestObject] = []
        for file in files {
            self.progress("reading the objects of \(file.name)")
            let contents = ManifestReader.read(file.bytes, file: file.name)
            objects += contents.objects
            findings += contents.findings
            if contents.objects.isEmpty, contents.findings.isEmpty {
                let origin = ManifestOrigin(file: file.name)
                findings.append(
                    Finding(.warning, origin: origin, found: "no object", expected: "nodes, pods, workloads"))
            }
        }
        return self.respond(to: objects, findings, settings)
    }

    /// Of a cluster that was read already.
    func respond(to objects: [ManifestObject], _ read: [Finding], configuration: InputFile?) -> CommandResponse {
        var findings = read
        guard let settings = Self.settings(configuration, findings: &findings) else { return self.refused(findings) }
        return self.respond(to: objects, findings, settings)
    }

    private func respond(
        to objects: [ManifestObject], _ read: [Finding], _ settings: BerthConfiguration
    ) -> CommandResponse {
        var findings = read
        if objects.isEmpty { return self.refused(findings) }
        self.progress("importing \(objects.count) objects")
        let cluster = ClusterImporter(configuration: settings).importCluster(objects)
        findings += cluster.findings
        if self.request.isStrict, !findings.isEmpty { return self.refused(findings) }
        var response = self.plan(cluster, settings)
        response.standardError = Self.text(of: findings) + response.standardError
        return response
    }

    /// - Returns: Nil where the file as a whole is no configuration. A field that cannot be used keeps its default.
    private static func settings(_ file: InputFile?, findings: inout [Finding]) -> BerthConfiguration? {
        guard let file else { return BerthConfiguration() }
        let read = BerthConfiguration.read(file.bytes, file: file.name)
        findings += read.findings
        let isUsable = !read.findings.contains { $0.severity == .error && $0.field == nil }
        return isUsable ? read.configuration : nil
    }

    private func refused(_ findings: [Finding]) -> CommandResponse {
        CommandResponse(standardError: Self.text(of: findings), status: .badInput)
    }

    /// One line each, by place in the input, errors and warnings together.
    private static func text(of findings: [Finding]) -> String {
        findings.sorted { ($0.origin, $0.description) < ($1.origin, $1.description) }
            .map { "\($0.severity.rawValue): \($0)\n" }.joined()
    }

    // MARK: Planning

    private func plan(_ cluster: ImportedCluster, _ settings: BerthConfiguration) -> CommandResponse {
        let snapshot = self.restricted(cluster.snapshot)
        var configuration = PlannerConfiguration()
        configuration.allReduce = settings.allReduce
        if let steps = settings.limits.searchSteps { configuration.gangStepLimit = steps }
        configuration.preempts = settings.preemption == .enabled
        let waiting = snapshot.pods.count { $0.standing == .pending }
        self.progress("planning \(waiting) pods on \(snapshot.nodes.count) nodes")
        do throws(RefusedPlan) {
            let (plan, snapshot) = try Self.oneTick(snapshot, configuration)
            var report = PlanReport(plan: plan, snapshot: snapshot, ignoredObjects: cluster.ignoredKinds)
            var findings: [Finding] = []
            report.purchases = try self.purchases(snapshot, leaving: plan, settings, configuration, &findings)
            if self.request.isStrict, !findings.isEmpty { return self.refused(findings) }
            self.progress("writing the plan")
            var response = self.report(report)
            response.standardError = Self.text(of: findings) + response.standardError
            return response
        } catch {
            return Self.response(to: error)
        }
    }

    /// The controller's own machine sees the cluster once, and nobody performs what it decides.
    private static func oneTick(
        _ snapshot: ClusterSnapshot, _ configuration: PlannerConfiguration
    ) throws(RefusedPlan) -> (plan: Plan, snapshot: ClusterSnapshot) {
        var settings = ControlLoopConfiguration()
        settings.planner = configuration
        settings.debounceMillis = 0
        var loop = ControlLoop(configuration: settings)
        let pods = snapshot.pods.map { ObservedPod(state: $0, uid: "", version: 0, door: .scheduler) }
        let cluster = ObservedCluster(
            nodes: snapshot.nodes, pods: pods, groups: snapshot.groups, topology: snapshot.topology,
            budgets: snapshot.budgets)
        _ = loop.apply(.observed(cluster), atMillis: 0)
        guard let published = loop.published else {
            // A loop that was never told to wait plans at once; without it the planner alone gives the same.
            return (try Planner(configuration: configuration).plan(snapshot), snapshot)
        }
        switch published.verdict {
        case .accepted: return (published.plan, published.snapshot)
        case .refused(let violations): throw RefusedPlan(plan: published.plan, violations: violations)
        }
    }

    /// What to buy for pods that the plan leaves pending; nil where no pool is declared.
    private func purchases(
        _ snapshot: ClusterSnapshot, leaving plan: Plan, _ settings: BerthConfiguration,
        _ configuration: PlannerConfiguration, _ findings: inout [Finding]
    ) throws(RefusedPlan) -> PurchaseReport? {
        guard !settings.pools.isEmpty else { return nil }
        let (pools, problems) = NodePoolBuilder(configuration: settings, snapshot: snapshot).pools()
        findings += problems
        self.progress("planning purchases for \(plan.pending.count) pods")
        var interruptions = InterruptionModel()
        interruptions.lostWorkHours = settings.capacity.lostWorkHours
        interruptions.restartHours = settings.capacity.restartHours
        // Who gets room by preemption needs no machine, and nobody is evicted from one that does not exist.
        var (rest, buying) = (plan, configuration)
        buying.preempts = false
        let reserved = Set(plan.preemptions.flatMap(\.reservations).map(\.pod))
        rest.pending.removeAll { reserved.contains($0.pod) }
        let planner = CapacityPlanner(interruptions: interruptions, configuration: buying)
        let purchases = try planner.plan(snapshot, leaving: rest, pools: pools)
        return PurchaseReport(plan: purchases, hoursPerWeek: settings.capacity.hoursPerWeek)
    }

    /// Without the waiting pods of other namespaces, where only one namespace's demand is asked for.
    private func restricted(_ snapshot: ClusterSnapshot) -> ClusterSnapshot {
        guard let namespace = self.request.demandNamespace else { return snapshot }
        return ClusterSnapshot(
            nodes: snapshot.nodes, pods: snapshot.pods.filter { $0.node != nil || $0.key.namespace == namespace },
            groups: snapshot.groups, topology: snapshot.topology, budgets: snapshot.budgets)
    }

    private func report(_ report: PlanReport) -> CommandResponse {
        let status = report.plan.pending.isEmpty ? ExitStatus.success : .somethingPending
        if let name = self.request.explain {
            guard let subject = report.subject(named: name) else {
                return .failed(
                    .badInput,
                    ["error: found no pod or group \(name), expected namespace/name of one that has not ended"])
            }
            return CommandResponse(
                standardOutput: report.explanation(of: subject, style: self.request.style), status: status)
        }
        switch self.request.output {
        case .json: return CommandResponse(standardOutput: report.json(), status: status)
        case .table: return CommandResponse(standardOutput: report.table(style: self.request.style), status: status)
        }
    }

    static func response(to refusal: RefusedPlan) -> CommandResponse {
        let head = "internal error: the verifier refused the plan, nothing is printed; please report this:"
        return .failed(.internalError, [head] + refusal.violations.map { "  \($0)" })
    }
}
