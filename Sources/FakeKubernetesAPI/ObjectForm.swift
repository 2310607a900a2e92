import KubernetesAPI

/// How the server writes objects down: what it does not know is dropped, and what is empty is left out.
enum ObjectForm {
    static func normalise(_ kind: ResourceKind, _ object: inout JSONTree) {
        if let shape = TypeShape.of(kind) {
            object = shape.written(object)
        } else {
            for field in ["labels", "annotations", "finalizers", "ownerReferences"] {
                self.dropIfEmpty(&object, ["metadata", field])
            }
        }
        object[path: ["metadata", "selfLink"]] = nil
        switch kind.builtInKind {
        case "Pod":
            self.completeContainerStatuses(&object)
            self.completeConditions(&object, "lastProbeTime")
        case "Event":
            for field in ["eventTime", "deprecatedFirstTimestamp", "deprecatedLastTimestamp"] where object[field] == nil
            {
                object[field] = .null
            }
            if object["deprecatedSource"] == nil { object["deprecatedSource"] = [:] }
            for field in ["reportingController", "reportingInstance"] where object[field] == "" { object[field] = nil }
        case "Node":
            self.completeConditions(&object, "lastHeartbeatTime")
        case "Lease":
            for field in ["acquireTime", "renewTime"] {
                if let time = object[path: ["spec", field]]?.string.flatMap(MicroTime.init) {
                    object[path: ["spec", field]] = .string(time.text)
                }
            }
        default: break
        }
    }

    private static func dropIfEmpty(_ object: inout JSONTree, _ path: [String]) {
        switch object[path: path] {
        case .object([])?, .array([])?, .null?: object[path: path] = nil
        default: break
        }
    }

    private static func completeContainerStatuses(_ pod: inout JSONTree) {
        guard case .array(var statuses)? = pod[path: ["status", "containerStatuses"]] else { return }
        for index in statuses.indices {
            for field in ["state", "lastState"] {
                if statuses[index][field] == nil { statuses[index][field] = [:] }
                for (state, times) in [("running", ["startedAt"]), ("terminated", ["startedAt", "finishedAt"])]
                where statuses[index][path: [field, state]] != nil {
                    for time in times where statuses[index][path: [field, state, time]] == nil {
                        statuses[index][path: [field, state, time]] = .null
                    }
                }
            }
        }
        pod[path: ["status", "containerStatuses"]] = .array(statuses)
    }

    /// Conditions say when they were looked at, also where nobody did.
    private static func completeConditions(_ object: inout JSONTree, _ time: String) {
        guard case .array(var conditions)? = object[path: ["status", "conditions"]] else { return }
        for index in conditions.indices {
            for field in [time, "lastTransitionTime"] where conditions[index][field] == nil {
                conditions[index][field] = .null
            }
        }
        object[path: ["status", "conditions"]] = .array(conditions)
    }

    /// Objects with their members in order, so that order alone is no difference.
    static func canonical(_ tree: JSONTree) -> JSONTree {
        switch tree {
        case .object(let members):
            .object(members.map { .init($0.key, Self.canonical($0.value)) }.sorted { $0.key < $1.key })
        case .array(let elements): .array(elements.map(Self.canonical))
        default: tree
        }
    }
}

/// A time as leases write it: exactly six digits of a second, in UTC.
struct MicroTime: Sendable, Equatable {
    let text: String

    /// Nil for any other form. An offset is taken and turned into UTC.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 27, bytes[10] == UInt8(ascii: "T"), bytes[19] == UInt8(ascii: ".") else { return nil }
        let digits = [0..<4, 5..<7, 8..<10, 11..<13, 14..<16, 17..<19, 20..<26].compactMap { range in
            Int64(String(decoding: bytes[range], as: UTF8.self))
        }
        guard digits.count == 7 else { return nil }
        let zone = String(decoding: bytes[26...], as: UTF8.self)
        guard let offset = Self.offset(zone) else { return nil }
        if offset == 0 {
            self.text = String(decoding: bytes[..<26], as: UTF8.self) + "Z"
            return
        }
        let seconds =
            Self.days(digits[0], digits[1], digits[2]) * 86_400 + digits[3] * 3_600 + digits[4] * 60 + digits[5]
        let micros = String(1_000_000 + digits[6]).dropFirst()
        self.text = FakeAPIServer.timestamp(seconds - offset).dropLast() + ".\(micros)Z"
    }

    /// Seconds since 1970 of a time in whole seconds and UTC.
    static func seconds(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 20, bytes[10] == UInt8(ascii: "T"), bytes[19] == UInt8(ascii: "Z") else { return nil }
        let digits = [0..<4, 5..<7, 8..<10, 11..<13, 14..<16, 17..<19].compactMap { range in
            Int64(String(decoding: bytes[range], as: UTF8.self))
        }
        guard digits.count == 6 else { return nil }
        return Self.days(digits[0], digits[1], digits[2]) * 86_400 + digits[3] * 3_600 + digits[4] * 60 + digits[5]
    }

    /// Seconds east of UTC.
    private static func offset(_ zone: String) -> Int64? {
        if zone == "Z" { return 0 }
        let parts = zone.dropFirst().split(separator: ":").compactMap { Int64($0) }
        guard parts.count == 2, zone.count == 6 else { return nil }
        let seconds = parts[0] * 3_600 + parts[1] * 60
        switch zone.first {
        case "+": return seconds
        case "-": return -seconds
        default: return nil
        }
    }

    /// Days since 1970 of a date of the proleptic Gregorian calendar.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
