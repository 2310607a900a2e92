// Built by Scripts/fuzz.sh with the modules it imports, all of them instrumented.
import KubernetesAPI

@testable import KubernetesClient

/// One run: bytes as the body of a watch, cut into pieces and whole. Both give the same events, none is longer than the limit, and
/// each object that comes of it can be asked for its name.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzWatch(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    let body = Array(bytes.dropFirst())
    let size = Int(first) + 1
    var pieces = WatchFraming(lineLimit: 512)
    var whole = WatchFraming(lineLimit: 512)
    var told: [String] = []
    for start in stride(from: 0, to: body.count, by: size) {
        told += pieces.take(Array(body[start..<min(start + size, body.count)])).map(summary)
    }
    let toldAtOnce = whole.take(body).map(summary)
    precondition(told == toldAtOnce, "\(told) in pieces of \(size), \(toldAtOnce) at once")
    precondition(pieces.isEmpty == whole.isEmpty, "what is left differs")
    return 0
}

private func summary(_ event: WatchEvent) -> String {
    switch event {
    case .added(let object): "added \(object.title) \(object.resourceVersion) \(object.uid)"
    case .modified(let object): "modified \(object.title) \(object.resourceVersion) \(object.uid)"
    case .deleted(let object): "deleted \(object.title) \(object.resourceVersion) \(object.uid)"
    case .bookmark(let version, let ends): "bookmark \(version) \(ends)"
    case .error(let status): "error \(status)"
    case .tooLong(let event): "too long \(event)"
    case .unreadable(let what): "unreadable \(what)"
    }
}
