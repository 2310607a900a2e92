import BenchmarkSupport
import Glibc
import KubernetesAPI

/// Reads each file to objects and decodes its nodes and pods: one JSON line per file with bytes, objects, CPU time and
/// the process's peak memory so far. CPU time, not wall time, for the machine may be busy.
@main
struct DecodingBenchmarks {
    static func main() {
        for path in CommandLine.arguments.dropFirst() {
            guard let bytes = self.contents(of: path) else {
                print("cannot read \(path)")
                exit(1)
            }
            self.measure(bytes, path: path)
        }
    }

    private static func measure(_ bytes: [UInt8], path: String) {
        let start = ProcessFigures.cpuSeconds
        let contents = ManifestReader.read(bytes, file: path)
        let read = ProcessFigures.cpuSeconds
        var findings = contents.findings
        let nodes = contents.objects.filter { $0.kind == "Node" }.compactMap { $0.read(Node.self, into: &findings) }
        let pods = contents.objects.filter { $0.kind == "Pod" }.compactMap { $0.read(Pod.self, into: &findings) }
        let decoded = ProcessFigures.cpuSeconds
        print(
            """
            {"name":"decode","file":"\(path)","bytes":\(bytes.count),"objects":\(contents.objects.count),\
            "nodes":\(nodes.count),"pods":\(pods.count),"findings":\(findings.count),\
            "readSeconds":\(read - start),"decodeSeconds":\(decoded - read),"peakMiB":\(ProcessFigures.peakMiB)}
            """)
    }

    private static func contents(of path: String) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        let count = ftell(file)
        rewind(file)
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = fread(buffer.baseAddress, 1, count, file)
        }
    }
}
