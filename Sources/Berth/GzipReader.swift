import CZlib

/// Unpacks gzip with zlib.
enum GzipReader {
    /// Whether the bytes begin as a gzip file does.
    static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    /// - Parameter limit: Ends with an error rather than unpack more bytes.
    static func unpack(_ bytes: [UInt8], file: String, limit: Int) throws(InputError) -> [UInt8] {
        var stream = z_stream()
        // 16 more than the window size asks for a gzip header.
        let size = Int32(MemoryLayout<z_stream>.size)
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, size) == Z_OK else {
            throw InputError(path: file, found: "a zlib that cannot start", expected: "zlib \(ZLIB_VERSION)")
        }
        defer { inflateEnd(&stream) }
        var input = bytes
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let status = input.withUnsafeMutableBufferPointer { input -> Int32 in
            stream.next_in = input.baseAddress
            stream.avail_in = uInt(clamping: input.count)
            while true {
                let (status, count) = chunk.withUnsafeMutableBufferPointer { chunk -> (Int32, Int) in
                    stream.next_out = chunk.baseAddress
                    stream.avail_out = uInt(clamping: chunk.count)
                    let status = inflate(&stream, Z_NO_FLUSH)
                    return (status, chunk.count - Int(stream.avail_out))
                }
                output += chunk[..<count]
                if status != Z_OK || output.count > limit { return status }
            }
        }
        guard output.count <= limit else {
            throw InputError(path: file, found: "more than \(limit) bytes unpacked", expected: "a smaller file")
        }
        guard status == Z_STREAM_END else {
            throw InputError(path: file, found: "a broken or cut-off gzip file", expected: "a whole one")
        }
        return output
    }
}
