import Controller
import Foundation
import HTTPServing
import Synchronization
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

    @Test("without an authority clients are not asked, and the log says so")
    func withoutAuthority() throws {
        let lines = Mutex<[String]>([])
        try self.withFolder { folder in
            let tls = try ControllerRun.tls(in: folder.path, Journal { line in lines.withLock { $0.append(line) } })
            #expect(tls.clientAuthorities == nil)
            #expect(tls.certificateChain == Array("tls.crt".utf8))
        }
        #expect(lines.withLock { $0.contains { $0.contains("asks no client for a certificate") } })
    }

    @Test("an authority that is there is demanded, and one that cannot be read is an error that names it")
    func authority() throws {
        try self.withFolder { folder in
            let file = folder.appendingPathComponent("ca.crt")
            try Data("ca".utf8).write(to: file)
            #expect(try ControllerRun.tls(in: folder.path, .silent).clientAuthorities == Array("ca".utf8))
            try FileManager.default.removeItem(at: file)
            try FileManager.default.createDirectory(at: file, withIntermediateDirectories: true)
            let error = #expect(throws: InputError.self) { try ControllerRun.tls(in: folder.path, .silent) }
            #expect(error?.path.hasSuffix("/ca.crt") ?? false)
        }
    }
}
