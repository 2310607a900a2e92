import HTTPTransport
public import KubernetesAPI

/// Which objects of a collection.
public struct ListSelection: Sendable, Hashable {
    public var labelSelector: String?
    public var fieldSelector: String?

    public init(labelSelector: String? = nil, fieldSelector: String? = nil) {
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
    }

    func add(to query: inout Query) {
        query.add("labelSelector", self.labelSelector)
        query.add("fieldSelector", self.fieldSelector)
    }
}

/// A whole collection at one version.
public struct ResourceList: Sendable {
    /// The version to watch from.
    public var resourceVersion: String
    public var objects: [ManifestObject]

    public init(resourceVersion: String, objects: [ManifestObject]) {
        self.resourceVersion = resourceVersion
        self.objects = objects
    }
}

extension KubernetesClient {
    /// Lists restarted when the server forgot the version of a list before its last page.
    private static let restartLimit = 3

    /// All objects, page by page, of one version. A page that comes too late (410) starts the list anew.
    ///
    /// - Parameter progress: Told how many objects are here after each page.
    public func list(
        _ path: ResourcePath, _ selection: ListSelection = ListSelection(),
        progress: @Sendable (Int) -> Void = { _ in }
    ) async throws(KubernetesError) -> ResourceList {
        var restarts = 0
        while true {
            do throws(KubernetesError) {
                return try await self.listOnce(path, selection, at: nil, progress)
            } catch {
                guard error.status?.isExpired ?? false, restarts < Self.restartLimit else { throw error }
                restarts += 1
            }
        }
    }

    /// All objects as they were at a version that was seen before.
    ///
    /// - Throws: `refused` with 410 where the server does not know that version any more.
    public func list(
        _ path: ResourcePath, _ selection: ListSelection = ListSelection(), at version: String
    ) async throws(KubernetesError) -> ResourceList {
        try await self.listOnce(path, selection, at: version) { _ in }
    }

    private func listOnce(
        _ path: ResourcePath, _ selection: ListSelection, at version: String?, _ progress: @Sendable (Int) -> Void
    ) async throws(KubernetesError) -> ResourceList {
        var list = ResourceList(resourceVersion: "", objects: [])
        var token: String?
        repeat {
            var query = Query()
            selection.add(to: &query)
            query.add("limit", String(self.options.pageSize))
            query.add("continue", token)
            // The token carries the version on: to name it again is refused.
            if token == nil, let version {
                query.add("resourceVersion", version)
                query.add("resourceVersionMatch", "Exact")
            }
            let page = try await self.send("GET", path.target + query.text)
            let contents = ManifestReader.objects(of: page, file: path.target)
            guard contents.findings.isEmpty, let metadata = page.root["metadata"] else {
                let what = contents.findings.first.map { "\($0)" } ?? "no metadata"
                throw .unreadable("list of \(path): \(what)")
            }
            list.objects += contents.objects.map { $0.trimmed(sharing: self.shared) }
            list.resourceVersion = metadata["resourceVersion"]?.string ?? ""
            token = metadata["continue"]?.string.flatMap { $0.isEmpty ? nil : $0 }
            progress(list.objects.count)
        } while token != nil
        return list
    }
}
