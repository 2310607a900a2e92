import CapacityPlanner
import ClusterImport
import ControlLoop
import Controller
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
        /// The time that the plan is for, in seconds since 1970: what deadlines and schedules mean depends on it.
        var atSeconds: Int64 = 0
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
        let claims = objects.compactMap(LaunchClaimObject.claim)
        let others = claims.isEmpty ? objects : objects.filter { LaunchClaimObject.claim($0) == nil }
        let cluster = ClusterImporter(configuration: settings).importCluster(others)
        findings += cluster.findings
        if self.request.isStrict, !findings.isEmpty { return self.refused(findings) }
        var response = self.plan(cluster, claims, settings)
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

    private func plan(
        _ cluster: ImportedCluster, _ claims: [LaunchClaim], _ settings: BerthConfiguration
    ) -> CommandResponse {
        let snapshot = self.restricted(cluster.snapshot)
        let (pools, findings) = NodePoolBuilder(configuration: settings, snapshot: snapshot).pools()
        if self.request.isStrict, !findings.isEmpty { return self.refused(findings) }
        let waiting = snapshot.pods.count { $0.standing == .pending }
        self.progress("planning \(waiting) pods on \(snapshot.nodes.count) nodes")
        do throws(RefusedPlan) {
            let published = try self.oneTick(snapshot, pools, claims, settings)
            var report = PlanReport(
                plan: published.plan, snapshot: published.snapshot, ignoredObjects: cluster.ignoredKinds)
            if !pools.isEmpty {
                report.purchases = PurchaseReport(
                    plan: published.purchases ?? PurchasePlan(), hoursPerWeek: settings.capacity.hoursPerWeek)
            }
            self.progress("writing the plan")
            var response = self.report(report)
            response.standardError = Self.text(of: findings) + response.standardError
            return response
        } catch {
            return Self.response(to: error)
        }
    }

    /// The controller's own machine sees the cluster once, as the leader, and nobody performs what it decides.
    private func oneTick(
        _ snapshot: ClusterSnapshot, _ pools: [NodePool], _ claims: [LaunchClaim], _ settings: BerthConfiguration
    ) throws(RefusedPlan) -> PublishedPlan {
        var configuration = ControlLoopConfiguration(settings)
        configuration.epochMillis = self.request.atSeconds * 1000
        configuration.debounceMillis = 0
        configuration.purchaseDelayMillis = 0
        configuration.trustsClaims = true
        var loop = ControlLoop(configuration: configuration)
        let pods = snapshot.pods.map { ObservedPod(state: $0, uid: "", version: 0, door: .scheduler) }
        let cluster = ObservedCluster(
            nodes: snapshot.nodes, pods: pods, groups: snapshot.groups, topology: snapshot.topology,
            budgets: snapshot.budgets, pools: pools, claims: claims)
        _ = loop.apply(.leadershipGained, atMillis: 0)
        _ = loop.apply(.observed(cluster), atMillis: 0)
        guard let published = loop.published else { preconditionFailure("a loop that need not wait has not planned") }
        if case .refused(let violations) = published.verdict {
            throw RefusedPlan(plan: published.plan, violations: violations)
        }
        guard published.purchaseViolations.isEmpty else {
            throw RefusedPlan(plan: published.plan, violations: published.purchaseViolations)
        }
        return published
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
