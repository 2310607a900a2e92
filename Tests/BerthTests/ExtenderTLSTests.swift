import Foundation
import HTTPServing
import Testing

@testable import Berth

@Suite("The extender's certificates")
struct ExtenderTLSTests {
    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["tls.crt", "tls.key"] { try Data(name.utf8).write(to: folder.appendingPathComponent(name)) }
        try body(folder)
    }

    @Test("without an authority nobody is let in by mistake: it is an error, unless any client is to be let in")
    func withoutAuthority() throws {
        try self.withFolder { folder in
            let error = #expect(throws: InputError.self) {
                try ControllerRun.tls(in: folder.path, anyClient: false)
            }
            #expect(error?.path.hasSuffix("/ca.crt") ?? false)
            let tls = try ControllerRun.tls(in: folder.path, anyClient: true)
            #expect(tls.clientAuthorities == nil)
            #expect(tls.certificateChain == Array("tls.crt".utf8))
        }
    }

    @Test("an authority that is there is demanded, and one that cannot be read is an error that names it")
    func authority() throws {
        try self.withFolder { folder in
            let file = folder.appendingPathComponent("ca.crt")
            try Data("ca".utf8).write(to: file)
            #expect(try ControllerRun.tls(in: folder.path, anyClient: false).clientAuthorities == Array("ca".utf8))
            try FileManager.default.removeItem(at: file)
            try FileManager.default.createDirectory(at: file, withIntermediateDirectories: true)
            let error = #expect(throws: InputError.self) { try ControllerRun.tls(in: folder.path, anyClient: false) }
            #expect(error?.path.hasSuffix("/ca.crt") ?? false)
        }
    }
}
