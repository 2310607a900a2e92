import KubernetesAPI

/// Kubernetes' protobuf form of config maps, of statuses and of objects' metadata. Other types are not copied.
enum KubernetesProtobuf {
    static let mediaType = "application/vnd.kubernetes.protobuf"
    /// What every object in this form begins with.
    static let prefix: [UInt8] = Array("k8s\0".utf8)

    // MARK: Types

    private static let owner = ProtobufMessage([
        (1, "kind", .text), (3, "name", .text), (4, "uid", .text), (5, "apiVersion", .text),
        (6, "controller", .optionalFlag), (7, "blockOwnerDeletion", .optionalFlag),
    ])
    private static let managedFields = ProtobufMessage([
        (1, "manager", .text), (2, "operation", .text), (3, "apiVersion", .text), (4, "time", .optionalTime),
        (6, "fieldsType", .text), (7, "fieldsV1", .json), (8, "subresource", .text),
    ])
    private static let metadata = ProtobufMessage([
        (1, "name", .text), (2, "generateName", .text), (3, "namespace", .text), (4, "selfLink", .text),
        (5, "uid", .text), (6, "resourceVersion", .text), (7, "generation", .number), (8, "creationTimestamp", .time),
        (9, "deletionTimestamp", .optionalTime), (10, "deletionGracePeriodSeconds", .optionalNumber),
        (11, "labels", .textMap), (12, "annotations", .textMap), (13, "ownerReferences", .messages(Self.owner)),
        (14, "finalizers", .texts), (17, "managedFields", .messages(Self.managedFields)),
    ])
    private static let listMetadata = ProtobufMessage([
        (1, "selfLink", .text), (2, "resourceVersion", .text), (3, "continue", .text),
        (4, "remainingItemCount", .optionalNumber),
    ])
    private static let cause = ProtobufMessage([(1, "reason", .text), (2, "message", .text), (3, "field", .text)])
    private static let details = ProtobufMessage([
        (1, "name", .text), (2, "group", .text), (3, "kind", .text), (4, "causes", .messages(Self.cause)),
        (5, "retryAfterSeconds", .number), (6, "uid", .text),
    ])
    private static let configMap = ProtobufMessage([
        (1, "metadata", .message(Self.metadata)), (2, "data", .textMap), (3, "binaryData", .byteMap),
        (4, "immutable", .optionalFlag),
    ])
    private static let partial = ProtobufMessage([(1, "metadata", .message(Self.metadata))])

    /// As it is sent, without a status.
    private static let accessReview = ProtobufMessage([
        (1, "metadata", .message(Self.metadata)),
        (
            2, "spec",
            .message(
                ProtobufMessage([
                    (1, "resourceAttributes", .optionalMessage(Self.resourceAttributes)),
                    (
                        2, "nonResourceAttributes",
                        .optionalMessage(ProtobufMessage([(1, "path", .text), (2, "verb", .text)]))
                    ),
                ]))
        ),
    ])
    private static let resourceAttributes = ProtobufMessage([
        (1, "namespace", .text), (2, "verb", .text), (3, "group", .text), (4, "version", .text),
        (5, "resource", .text), (6, "subresource", .text), (7, "name", .text),
    ])

    private static func list(_ item: ProtobufMessage) -> ProtobufMessage {
        ProtobufMessage([(1, "metadata", .message(Self.listMetadata)), (2, "items", .messages(item))])
    }

    private static let messages: [String: ProtobufMessage] = [
        "v1/Status": ProtobufMessage([
            (1, "metadata", .message(Self.listMetadata)), (2, "status", .text), (3, "message", .text),
            (4, "reason", .text), (5, "details", .optionalMessage(Self.details)), (6, "code", .number),
        ]),
        "v1/ConfigMap": Self.configMap, "v1/ConfigMapList": Self.list(Self.configMap),
        "authentication.k8s.io/v1/SelfSubjectReview": Self.partial,
        "authorization.k8s.io/v1/SelfSubjectAccessReview": Self.accessReview,
        "meta.k8s.io/v1/PartialObjectMetadata": Self.partial,
        "meta.k8s.io/v1/PartialObjectMetadataList": Self.list(Self.partial),
    ]
    private static let typeMeta = ProtobufMessage([(1, "apiVersion", .text), (2, "kind", .text)])

    // MARK: Objects

    /// Nil for types that are not copied.
    static func encoded(_ tree: JSONTree) -> [UInt8]? {
        let name = "\(tree["apiVersion"]?.string ?? "")/\(tree["kind"]?.string ?? "")"
        guard let message = Self.messages[name] else { return nil }
        var writer = ProtobufWriter()
        writer.write(1, Self.typeMeta.encoded(tree))
        writer.write(2, message.encoded(tree))
        // No content encoding, and this content type.
        writer.write(3, [])
        writer.write(4, [])
        return Self.prefix + writer.bytes
    }

    /// Nil for what is no object of a type that is copied.
    static func decoded(_ bytes: [UInt8]) -> JSONTree? {
        guard bytes.starts(with: Self.prefix) else { return nil }
        var reader = ProtobufReader(bytes.dropFirst(Self.prefix.count))
        var tree: JSONTree = [:]
        var raw: ArraySlice<UInt8> = []
        while let (number, value) = reader.next() {
            if number == 1, case .bytes(let part) = value { tree = Self.typeMeta.decoded(part) ?? [:] }
            if number == 2, case .bytes(let part) = value { raw = part }
        }
        let name = "\(tree["apiVersion"]?.string ?? "")/\(tree["kind"]?.string ?? "")"
        guard let object = Self.messages[name]?.decoded(raw) else { return nil }
        for member in object.members { tree[member.key] = member.value }
        return tree
    }

    /// An event of a watch: four bytes of length, its type and its object.
    static func frame(_ event: JSONTree) -> [UInt8] {
        var object = ProtobufWriter()
        object.write(1, Self.encoded(event["object"] ?? [:]) ?? [])
        var writer = ProtobufWriter()
        writer.write(1, Array((event["type"]?.string ?? "").utf8))
        writer.write(2, object.bytes)
        let count = UInt32(writer.bytes.count)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + writer.bytes
    }
}
