import CJSONDocument
import Synchronization

/// Values that many objects have in common, each kept once: what pods of one template say about containers, labels, tolerations, owners.
///
/// Holds the last few thousand of them; where one gives way to another, objects that refer to it keep it, and later equals are kept a second time.
public final class SharedValues: Sendable {
    private let table = Mutex<Table?>(Table())

    public init() {}

    /// What is looked up while one object is copied.
    struct Table {
        private struct Entry {
            var hash: UInt64
            var document: JSONDocument
        }

        /// A smaller value costs no more in its object than a reference to a document of its own saves.
        private static let smallest = 128
        private static let size = 1 << 12

        private var entries = [Entry?](repeating: nil, count: Table.size)
        private var scratch = TapeCopy()

        /// The document of a value that is kept by `rule`; nil for one that is not worth it.
        ///
        /// - Parameter field: What the value is in its object. Values of different fields are never the same document, so that in one object a
        ///   document tells a place.
        mutating func document(
            of source: TapeSource, _ position: Int, _ rule: KeptMembers, field: UInt8
        ) -> JSONDocument? {
            // In turns: what is copied here is itself not looked up.
            var copy = self.scratch
            self.scratch = TapeCopy()
            defer { self.scratch = copy }
            copy.clear()
            var none: Table?
            copy.copy(source, position, rule, &none)
            guard copy.byteCount >= Self.smallest, !copy.refersToOthers else { return nil }
            return self.document(&copy, field)
        }

        private mutating func document(_ copy: inout TapeCopy, _ field: UInt8) -> JSONDocument {
            let (tape, strings) = copy.finish()
            let hash = strings.withUnsafeBytes { bytes in
                let seed = tape.withUnsafeBytes { Self.hash($0, UInt64(field)) }
                return Self.hash(bytes, seed)
            }
            let place = Int(truncatingIfNeeded: hash) & (Self.size - 1)
            for place in [place, place ^ 1] {
                guard let entry = self.entries[place], entry.hash == hash, entry.document.isSame(tape, strings),
                    entry.document.decoded?.field == field
                else { continue }
                return entry.document
            }
            let document = JSONDocument(tape: tape, strings: strings, field: field)
            let isTaken = self.entries[place] != nil && self.entries[place ^ 1] == nil
            self.entries[isTaken ? place ^ 1 : place] = Entry(hash: hash, document: document)
            return document
        }

        private static func hash(_ bytes: UnsafeRawBufferPointer, _ seed: UInt64) -> UInt64 {
            bytes.baseAddress.map { cjson_hash($0, bytes.count, seed) } ?? seed
        }
    }

    /// Calls `body` with the table, one at a time.
    func withTable(_ body: (inout Table?) -> Void) { self.table.withLock { body(&$0) } }
}

/// What a shared value was decoded to, so that it is done once for all objects that have it.
final class DecodedValue: Sendable {
    /// What the value is in its objects.
    let field: UInt8
    private let result = Mutex<(any Sendable)?>(nil)

    init(field: UInt8) { self.field = field }

    /// Nil where nothing is known, or something of another type.
    func known<Result: Sendable>(as type: Result.Type) -> Result? {
        self.result.withLock { $0.flatMap { $0 as? Result } }
    }

    func keep(_ result: some Sendable) { self.result.withLock { $0 = result } }
}
