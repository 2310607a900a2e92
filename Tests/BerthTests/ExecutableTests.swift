import Foundation
import Testing

/// The program that was built beside the test bundle, if it was.
enum BuiltProgram {
    static let path: String? = {
        guard let tests = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
            return nil
        }
        let path = URL(filePath: tests).deletingLastPathComponent().appending(path: "berth").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()

    struct Ending {
        var status: Int32
        var output: String
        var errors: String
    }

    /// Runs a line of shell in which `$berth` is the program and `$dump` the checked-in dump.
    static func shell(_ line: String) throws -> Ending {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", line]
        process.environment = ["berth": Self.path ?? "", "dump": DumpTests.dump, "PATH": "/usr/bin:/bin"]
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let messages = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Ending(
            status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
            errors: String(decoding: messages, as: UTF8.self))
    }
}

@Suite("the berth executable", .enabled(if: BuiltProgram.path != nil, "berth is not built beside the tests"))
struct ExecutableTests {
    @Test(
        "ends with the documented code",
        arguments: [
            ("$berth plan -f $dump -o json", Int32(3)),
            ("$berth plan -f $dump --namespace ml -o json", 0),
            ("$berth plan -f - < $dump", 3),
            ("HOME=/nowhere KUBECONFIG= $berth plan", 69),
            ("$berth plan -f $dump --context x", 64),
            ("$berth plan -f $dump --no-such-option", 64),
            ("$berth plan -f $dump -o json --explain ml/x", 64),
            ("$berth plan -f no-such-file", 65),
            ("echo '{' | $berth plan -f -", 65),
            ("$berth --version", 0),
        ])
    func status(line: String, expected: Int32) throws {
        #expect(try BuiltProgram.shell(line).status == expected)
    }

    @Test("a reader that leaves early is no failure and no message")
    func closedPipe() throws {
        let ending = try BuiltProgram.shell("{ $berth plan -f $dump -o json; echo code $? >&2; } | head -c 1")
        #expect(ending.output == "{")
        // On a slow machine the lines that tell how far it is come before.
        #expect(ending.errors.hasSuffix("code 3\n"))
        #expect(!ending.errors.contains("could not"))
    }

    @Test("a full disk is told and ends with 70")
    func fullDisk() throws {
        let ending = try BuiltProgram.shell("$berth plan -f $dump > /dev/full")
        #expect(ending.status == 70)
        #expect(ending.errors.hasSuffix("berth: standard output could not be written\n"))
    }

    @Test("without -f and without a kubeconfig it says where it looked")
    func withoutFiles() throws {
        let ending = try BuiltProgram.shell("HOME=/nowhere KUBECONFIG= $berth plan")
        #expect(
            ending.errors
                == "error: the cluster cannot be read: no credentials: found no kubeconfig at /nowhere/.kube/config\n")
    }

    @Test("into a pipe the table has no colour")
    func noColour() throws {
        #expect(try !BuiltProgram.shell("$berth plan -f $dump").output.contains("\u{1B}"))
    }
}
