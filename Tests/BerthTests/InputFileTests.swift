import Foundation
import Testing

@testable import Berth

@Suite("input files")
struct InputFileTests {
    /// A folder of its own with these files, removed afterwards.
    private func withFolder(_ names: [String], _ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "berth-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in names {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(name.utf8).write(to: file)
        }
        try body(folder.path)
    }

    @Test("a folder stands for the manifests in it and below, sorted by path, hidden ones left out")
    func folder() throws {
        let names = ["b.yaml", "a.json", "deep/er/c.yml", "notes.txt", ".hidden.json", ".git/d.json", "z.txt.gz"]
        try self.withFolder(names) { folder in
            let expected = ["a.json", "b.yaml", "deep/er/c.yml"].map { "\(folder)/\($0)" }
            for path in [folder, folder + "/"] {
                let found = try InputFile.paths(at: path)
                #expect(found == expected)
            }
            let file = try InputFile(readingFrom: expected[2])
            #expect(file.bytes == Array("deep/er/c.yml".utf8))
        }
    }

    @Test("what is packed with gzip is unpacked, in folders too; a file that is cut off is named")
    func gzip() throws {
        // {"kind":"List"}
        let packed: [UInt8] = [
            0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xAB, 0x56, 0xCA, 0xCE, 0xCC, 0x4B,
            0x51, 0xB2, 0x52, 0xF2, 0xC9, 0x2C, 0x2E, 0x51, 0xAA, 0x05, 0x00, 0xC1, 0x7F, 0xFA, 0x0A, 0x0F,
            0x00, 0x00, 0x00,
        ]
        try self.withFolder(["a.json.gz"]) { folder in
            let path = "\(folder)/a.json.gz"
            try Data(packed).write(to: URL(filePath: path))
            #expect(try InputFile.paths(at: folder) == [path])
            #expect(try InputFile(readingFrom: path).bytes == Array(#"{"kind":"List"}"#.utf8))
            try Data(packed.dropLast(4)).write(to: URL(filePath: path))
            #expect(throws: InputError.self) { _ = try InputFile(readingFrom: path) }
        }
    }

    @Test("a folder without manifests is told apart from an empty plan")
    func emptyFolder() throws {
        try self.withFolder(["notes.txt"]) { folder in
            #expect(throws: InputError.self) { _ = try InputFile.paths(at: folder) }
        }
    }

    @Test("a file of any name is taken as it is, and - stays what it is")
    func single() throws {
        try self.withFolder(["dump"]) { folder in
            for path in ["\(folder)/dump", "-"] {
                let found = try InputFile.paths(at: path)
                #expect(found == [path])
            }
        }
    }
}
