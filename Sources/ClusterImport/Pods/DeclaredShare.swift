import SchedulingModel

/// A share of each device that annotations declare.
struct DeclaredShare: Hashable, Sendable {
    var memoryMiB: Int64?
    var thousandths: Int?
    var deviceCount = 1
    /// The pod accepts a place on a shared device.
    var accepts = false
    /// The annotation that says so, and whether it is KAI's, which stands for the resource.
    var annotation: String?
    var kaiAnnotation: String?

    static let memoryAnnotation = "berth.dev/gpu-memory-mib"
    static let fractionAnnotation = "berth.dev/gpu-fraction"
    static let sharingAnnotation = "berth.dev/gpu-sharing"
    static let kaiMemoryAnnotation = "gpu-memory"
    static let kaiFractionAnnotation = "gpu-fraction"
    static let kaiCountAnnotation = "gpu-fraction-num-devices"

    /// A fraction of a device in thousandths, rounded up; nil unless above 0 and at most 1.
    ///
    /// Read digit by digit, so that no binary fraction gets in between.
    static func thousandths(_ text: String) -> Int? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), !text.isEmpty, text.utf8.count <= 32 else { return nil }
        let isDigits = parts.allSatisfy { part in part.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        guard isDigits, parts.contains(where: { !$0.isEmpty }), let whole = parts[0].isEmpty ? 0 : Int(parts[0])
        else { return nil }
        let digits = parts.count == 2 ? Array(parts[1].utf8) : []
        var thousandths = 0
        for place in 0..<3 { thousandths = thousandths * 10 + (place < digits.count ? Int(digits[place]) - 0x30 : 0) }
        if digits.dropFirst(3).contains(where: { $0 != 0x30 }) { thousandths += 1 }
        guard whole <= 1 else { return nil }
        let total = whole * 1000 + thousandths
        return (1...1000).contains(total) ? total : nil
    }
}

extension DeviceDemand {
    /// What the annotations declare. Texts that mean nothing, and two measures at once, are contradictions.
    mutating func declaredShare() -> DeclaredShare {
        var share = DeclaredShare()
        self.readMemory(DeclaredShare.memoryAnnotation, into: &share)
        self.readFraction(DeclaredShare.fractionAnnotation, into: &share)
        if share.annotation == nil {
            self.readMemory(DeclaredShare.kaiMemoryAnnotation, into: &share)
            self.readFraction(DeclaredShare.kaiFractionAnnotation, into: &share)
            share.kaiAnnotation = share.annotation
            self.readDeviceCount(into: &share)
        }
        share.accepts = share.annotation != nil
        switch self.facts.annotations[DeclaredShare.sharingAnnotation] {
        case "allowed": share.accepts = true
        case nil, "forbidden": break
        case .some(let text):
            self.contradict(
                Problem.annotation(DeclaredShare.sharingAnnotation), found: "\"\(text)\"",
                expected: "allowed or forbidden")
        }
        return share
    }

    private mutating func readMemory(_ annotation: String, into share: inout DeclaredShare) {
        guard let text = self.facts.annotations[annotation] else { return }
        guard let memory = Int64(text), memory > 0 else {
            return self.contradict(
                Problem.annotation(annotation), found: "\"\(text)\"", expected: "MiB as a whole number above 0")
        }
        share.memoryMiB = Self.memoryMiB(memory)
        share.annotation = annotation
    }

    private mutating func readFraction(_ annotation: String, into share: inout DeclaredShare) {
        guard let text = self.facts.annotations[annotation] else { return }
        guard let thousandths = DeclaredShare.thousandths(text) else {
            return self.contradict(
                Problem.annotation(annotation), found: "\"\(text)\"",
                expected: "a decimal fraction above 0 and at most 1")
        }
        if let other = share.annotation {
            return self.contradict(
                Problem.annotation(annotation), found: "\(annotation) beside \(other)", expected: "one of them")
        }
        share.thousandths = thousandths
        share.annotation = annotation
    }

    private mutating func readDeviceCount(into share: inout DeclaredShare) {
        let annotation = DeclaredShare.kaiCountAnnotation
        guard let text = self.facts.annotations[annotation] else { return }
        guard let count = Int64(text), count > 0 else {
            return self.contradict(
                Problem.annotation(annotation), found: "\"\(text)\"", expected: "a whole number above 0")
        }
        share.deviceCount = Self.count(count)
    }
}
