/// A `Deployment` or a `ReplicaSet`, which differ in nothing that a plan looks at.
public struct ReplicaWorkload: Hashable, Sendable, ObjectReadable {
    public var metadata: ObjectMeta
    /// 1 where nothing is said.
    public var replicas: Int
    public var template: PodTemplateSpec

    public init?(reading fields: ObjectReader) {
        guard let metadata = fields.namedMetadata(), let spec = fields.requiredObject("spec") else { return nil }
        let errorsBefore = fields.errorCount
        let replicas = spec.count("replicas")
        guard fields.errorCount == errorsBefore,
            let template = spec.requiredObject("template").flatMap(PodTemplateSpec.init(reading:))
        else { return nil }
        self.metadata = metadata
        self.replicas = replicas ?? 1
        self.template = template
    }
}

/// `apps/v1` `StatefulSet`.
public struct StatefulSet: Hashable, Sendable, ObjectReadable {
    public var metadata: ObjectMeta
    public var replicas: Int
    public var startOrdinal: Int
    public var template: PodTemplateSpec
    /// Names of `volumeClaimTemplates`: each pod mounts the claim `<template>-<pod>`.
    public var claimTemplateNames: [String]

    public init?(reading fields: ObjectReader) {
        guard let workload = ReplicaWorkload(reading: fields), let spec = fields.object("spec") else { return nil }
        let errorsBefore = fields.errorCount
        let start = spec.object("ordinals")?.count("start")
        guard fields.errorCount == errorsBefore else { return nil }
        self.metadata = workload.metadata
        self.replicas = workload.replicas
        self.startOrdinal = start ?? 0
        self.template = workload.template
        self.claimTemplateNames = spec.objects("volumeClaimTemplates").compactMap {
            $0.object("metadata")?.string("name")
        }
    }
}
