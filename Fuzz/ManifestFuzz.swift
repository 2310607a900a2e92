// Built by Scripts/fuzz.sh together with the sources of KubernetesAPI as one module, hence no import of it.

/// One run: bytes as a manifest, every object decoded as every kind, every short line as a quantity. Whatever the bytes,
/// this must return: no trap, no memory error, no endless loop.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzManifest(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let contents = ManifestReader.read(bytes, file: "fuzz")
    for finding in contents.findings { blackHole(finding.description) }
    for object in contents.objects.prefix(16) { decode(object) }
    for line in bytes.split(separator: 0x0a, maxSplits: 64) where line.count < 128 {
        checkQuantity(String(decoding: line, as: UTF8.self))
    }
    return 0
}

private func decode(_ object: ManifestObject) {
    var findings: [Finding] = []
    func read(_ type: (some ObjectReadable).Type) { blackHole(object.read(type, into: &findings)) }
    read(Pod.self)
    read(Node.self)
    read(PersistentVolume.self)
    read(PersistentVolumeClaim.self)
    read(StorageClass.self)
    read(PriorityClass.self)
    read(Namespace.self)
    read(PodTemplateSpec.self)
    for finding in findings { blackHole(finding.description) }
}

private func checkQuantity(_ text: String) {
    guard let quantity = try? Quantity(parsing: text) else { return }
    let (up, down) = (quantity.units(rounding: .up), quantity.units(rounding: .down))
    precondition(up >= down && up.subtractingReportingOverflow(down).partialValue <= 1, "\(text): \(down) to \(up)")
    blackHole(quantity.thousandths(rounding: .up))
    blackHole(quantity.thousandths(rounding: .down))
}

/// Keeps the optimiser from dropping what nobody reads.
@inline(never)
private func blackHole<Value>(_: Value) {}
