/// One element of an XML answer. Attributes and comments are passed over; text between child elements is dropped.
struct XMLElement: Equatable {
    let name: String
    private(set) var children: [XMLElement] = []
    private(set) var text = ""

    init(name: String) { self.name = name }

    /// The first child of that name.
    subscript(name: String) -> XMLElement? { self.children.first { $0.name == name } }

    /// What stands below child elements, one after the other.
    subscript(path: [String]) -> XMLElement? { path.reduce(Optional(self)) { $0?[$1] } }

    /// The text of the first child of that name; nil where it has none, or an empty one.
    func text(_ name: String) -> String? { self[name].flatMap { $0.text.isEmpty ? nil : $0.text } }

    /// The children of the list of that name: `item` in EC2's answers, `member` in those of other query APIs.
    func list(_ name: String) -> [XMLElement] { self[name]?.children ?? [] }

    /// The first element of that name, this one and all below it, in document order.
    func first(_ name: String) -> XMLElement? {
        if self.name == name { return self }
        for child in self.children {
            if let found = child.first(name) { return found }
        }
        return nil
    }
}

extension XMLElement {
    static let maximumDepth = 64

    /// Nil where `bytes` is not one well-nested element, or is nested deeper than `maximumDepth`.
    ///
    /// - Complexity: O(*n*) bytes.
    init?(parsing bytes: [UInt8]) {
        var scanner = XMLScanner(bytes: bytes)
        guard let root = scanner.element() else { return nil }
        self = root
    }

    fileprivate mutating func close() {
        if !self.children.isEmpty { self.text = "" }
    }

    fileprivate mutating func append(_ child: XMLElement) { self.children.append(child) }

    fileprivate mutating func append(_ text: String) { self.text += text }
}

/// Reads the XML that AWS writes: elements, entities and CDATA. Document types are refused, so nothing expands.
private struct XMLScanner {
    let bytes: [UInt8]
    var position = 0

    /// The first element of the document and all below it.
    mutating func element() -> XMLElement? {
        var open: [XMLElement] = []
        while self.position < self.bytes.count {
            if self.bytes[self.position] != UInt8(ascii: "<") {
                let start = self.position
                while self.position < self.bytes.count, self.bytes[self.position] != UInt8(ascii: "<") {
                    self.position += 1
                }
                if !open.isEmpty { open[open.count - 1].append(Self.decoded(self.bytes[start..<self.position])) }
            } else if self.skip("<![CDATA[") {
                guard let content = self.take(until: "]]>"), !open.isEmpty else { return nil }
                open[open.count - 1].append(String(decoding: content, as: UTF8.self))
            } else if self.skip("<!--") {
                guard self.take(until: "-->") != nil else { return nil }
            } else if self.skip("<?") {
                guard self.take(until: "?>") != nil else { return nil }
            } else if self.skip("</") {
                guard let name = self.take(until: ">"), var closed = open.popLast(), Self.name(name) == closed.name
                else {
                    return nil
                }
                closed.close()
                if open.isEmpty { return closed }
                open[open.count - 1].append(closed)
            } else {
                self.position += 1
                guard let tag = self.take(until: ">"), let name = Self.name(tag), open.count < XMLElement.maximumDepth
                else { return nil }
                let element = XMLElement(name: name)
                guard tag.last == UInt8(ascii: "/") else {
                    open.append(element)
                    continue
                }
                if open.isEmpty { return element }
                open[open.count - 1].append(element)
            }
        }
        return nil
    }

    private mutating func skip(_ text: StaticString) -> Bool {
        let isHere = text.withUTF8Buffer { self.bytes[self.position...].starts(with: $0) }
        if isHere { self.position += text.utf8CodeUnitCount }
        return isHere
    }

    private mutating func take(until end: StaticString) -> ArraySlice<UInt8>? {
        let start = self.position
        while self.position < self.bytes.count {
            let here = self.position
            if self.skip(end) { return self.bytes[start..<here] }
            self.position += 1
        }
        return nil
    }

    /// The name at the start of a tag; nil where there is none (also for `!DOCTYPE`).
    private static func name(_ tag: ArraySlice<UInt8>) -> String? {
        let name = tag.prefix { !" \t\r\n/".utf8.contains($0) }
        guard let first = name.first, first != UInt8(ascii: "!") else { return nil }
        return String(decoding: name, as: UTF8.self)
    }

    private static func decoded(_ bytes: ArraySlice<UInt8>) -> String {
        guard bytes.contains(UInt8(ascii: "&")) else { return String(decoding: bytes, as: UTF8.self) }
        var text = ""
        var rest = bytes
        while let start = rest.firstIndex(of: UInt8(ascii: "&")) {
            text += String(decoding: rest[..<start], as: UTF8.self)
            let end = rest[start...].firstIndex(of: UInt8(ascii: ";"))
            guard let end, let character = self.entity(rest[(start + 1)..<end]) else {
                text += "&"
                rest = rest[(start + 1)...]
                continue
            }
            text.unicodeScalars.append(character)
            rest = rest[(end + 1)...]
        }
        return text + String(decoding: rest, as: UTF8.self)
    }

    private static func entity(_ bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
        let name = String(decoding: bytes, as: UTF8.self)
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            guard name.hasPrefix("#") else { return nil }
            let isHexadecimal = name.hasPrefix("#x")
            return UInt32(name.dropFirst(isHexadecimal ? 2 : 1), radix: isHexadecimal ? 16 : 10)
                .flatMap(Unicode.Scalar.init)
        }
    }
}
