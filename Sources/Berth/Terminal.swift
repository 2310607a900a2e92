import FoundationEssentials
import PlanReport

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The three standard streams, written without buffering so that nothing is lost at exit.
enum Terminal {
    /// Colour only where a terminal reads and `NO_COLOR` (https://no-color.org) is not set.
    static func tableStyle() -> TableStyle {
        let environment = ProcessInfo.processInfo.environment
        let isUnwanted = environment["NO_COLOR"].map { !$0.isEmpty } ?? false || environment["TERM"] == "dumb"
        return TableStyle(usesColour: isatty(STDOUT_FILENO) == 1 && !isUnwanted)
    }

    /// - Returns: False where the output could not be written. A reader that has left (`| head`) has had what it
    ///   wanted: that is no failure.
    static func writeOutput(_ text: String) -> Bool { self.write(text, to: STDOUT_FILENO) }

    static func writeError(_ text: String) { _ = self.write(text, to: STDERR_FILENO) }

    private static func write(_ text: String, to descriptor: Int32) -> Bool {
        // A closed pipe is to come back as an error, not as a signal that kills us.
        signal(SIGPIPE, SIG_IGN)
        var text = text
        return text.withUTF8 { utf8 in
            var rest = UnsafeRawBufferPointer(utf8)
            while let base = rest.baseAddress, !rest.isEmpty {
                let count = self.writeOnce(descriptor, base, rest.count)
                if count < 0 {
                    if errno == EINTR || errno == EAGAIN { continue }
                    return errno == EPIPE
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
            return true
        }
    }

    private static func writeOnce(_ descriptor: Int32, _ base: UnsafeRawPointer, _ count: Int) -> Int {
        #if canImport(Glibc)
        Glibc.write(descriptor, base, count)
        #elseif canImport(Musl)
        Musl.write(descriptor, base, count)
        #else
        Darwin.write(descriptor, base, count)
        #endif
    }
}
