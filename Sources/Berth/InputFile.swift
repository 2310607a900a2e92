import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// One piece of input: a name for messages and its bytes.
struct InputFile: Sendable {
    let name: String
    let bytes: [UInt8]
}

/// Why a path could not be read.
struct InputError: Error, Hashable, CustomStringConvertible {
    let path: String
    let found: String
    let expected: String

    var description: String { "\(self.path): found \(self.found), expected \(self.expected)" }
}

extension InputFile {
    /// The reader of objects takes no more, and a dump of 100,000 pods is about as large.
    static let maximumByteCount = 2 << 30

    private static let suffixes = [".json", ".yaml", ".yml", ".json.gz", ".yaml.gz", ".yml.gz"]

    /// The files that `path` stands for: itself, or all manifests in a folder and its subfolders, sorted by path.
    ///
    /// Hidden files and folders are left out, as are symbolic links to folders.
    static func paths(at path: String) throws(InputError) -> [String] {
        guard path != "-" else { return [path] }
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw InputError(path: path, found: "nothing there", expected: "a file, a folder or -")
        }
        guard isFolder else { return [path] }
        guard let names = try? FileManager.default.subpathsOfDirectory(atPath: path) else {
            throw InputError(path: path, found: "a folder that cannot be listed", expected: "a readable folder")
        }
        let manifests = names.filter { name in
            self.suffixes.contains { name.hasSuffix($0) } && !name.split(separator: "/").contains { $0.hasPrefix(".") }
        }
        guard !manifests.isEmpty else {
            throw InputError(
                path: path, found: "a folder without manifests",
                expected: "files that end in .json, .yaml or .yml, or in these and .gz")
        }
        return manifests.sorted().map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
    }

    /// Reads a file, a pipe or, for `-`, standard input to the end. What is packed with gzip is unpacked, whatever its name.
    init(readingFrom path: String) throws(InputError) {
        var bytes = try Self.bytes(readingFrom: path)
        if GzipReader.isGzip(bytes) {
            bytes = try GzipReader.unpack(bytes, file: path, limit: Self.maximumByteCount)
        }
        self.init(name: path, bytes: bytes)
    }

    /// All bytes of a file of any kind, a pipe or, for `-`, standard input.
    static func bytes(readingFrom path: String) throws(InputError) -> [UInt8] {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw InputError(path: path, found: Self.lastError(), expected: "a readable file")
        }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        return try Self.readToEnd(descriptor, path: path)
    }

    private static func readToEnd(_ descriptor: Int32, path: String) throws(InputError) -> [UInt8] {
        var bytes: [UInt8] = []
        var information = stat()
        if fstat(descriptor, &information) == 0, information.st_size > 0 {
            bytes.reserveCapacity(min(Int(information.st_size), self.maximumByteCount) + 1)
        }
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw InputError(path: path, found: self.lastError(), expected: "a readable file")
            }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= self.maximumByteCount else {
                throw InputError(path: path, found: "more than 2 GiB", expected: "a smaller file: split the dump")
            }
        }
    }

    private static func lastError() -> String { String(cString: strerror(errno)) }
}
