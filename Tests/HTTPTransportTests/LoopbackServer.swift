import Foundation

/// A small Python server on a free loopback port, for as long as this lives.
final class LoopbackServer {
    let port: Int
    private let process: Process

    struct Failure: Error {
        let message: String
    }

    /// - Parameter certificates: A folder with `server.pem`, `server.key` and `ca.pem`; with it the server speaks TLS, and
    ///   asks for a client certificate where `needsClientCertificate`.
    init(certificates: URL? = nil, needsClientCertificate: Bool = false) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let folder = certificates.map { [$0.path, needsClientCertificate ? "mutual" : "plain"] } ?? []
        process.arguments = ["python3", "-c", Self.script] + folder
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
        let line = output.fileHandleForReading.availableData
        guard let port = Int(String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
        else {
            process.terminate()
            throw Failure(message: "the loopback server printed no port")
        }
        self.port = port
    }

    deinit { self.process.terminate() }

    private static let script = """
        import http.server, json, signal, socketserver, ssl, sys, threading, time
        # A process started from a thread that blocks SIGTERM blocks it too, and could not be stopped.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        go = threading.Event()
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def log_message(self, *a): pass
            def answer(self, code, body, extra=()):
                self.send_response(code)
                for k, v in extra: self.send_header(k, v)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def echo(self):
                n = int(self.headers.get('Content-Length', 0))
                body = self.rfile.read(n).decode()
                said = {'method': self.command, 'path': self.path, 'body': body,
                        'headers': {k.lower(): v for k, v in self.headers.items()}, 'peer': self.client_address[1]}
                self.answer(201 if self.command == 'POST' else 200, json.dumps(said).encode(), [('X-Twice', 'a'), ('X-Twice', 'b')])
            do_POST = do_PUT = do_PATCH = do_DELETE = echo
            def chunk(self, data):
                self.wfile.write(b'%x\\r\\n%s\\r\\n' % (len(data), data)); self.wfile.flush()
            def do_GET(self):
                if self.path == '/stream' or self.path == '/endless' or self.path == '/cut':
                    self.send_response(200); self.send_header('Transfer-Encoding', 'chunked'); self.end_headers()
                    if self.path == '/endless':
                        try:
                            while True: self.chunk(b'x' * 65536)
                        except OSError: return
                    for i in range(3):
                        self.chunk(b'line %d\\n' % i)
                        if self.path == '/stream': go.wait(600)
                    if self.path == '/cut': self.close_connection = True; self.connection.close(); return
                    self.wfile.write(b'0\\r\\n\\r\\n')
                elif self.path == '/go': go.set(); self.echo()
                elif self.path == '/silent':
                    time.sleep(3); self.close_connection = True
                elif self.path == '/refused': self.answer(429, b'{}', [('Retry-After', '7')])
                elif self.path == '/moved': self.answer(302, b'', [('Location', '/stream')])
                elif self.path == '/garbage':
                    self.wfile.write(b'this is no HTTP\\r\\n\\r\\n'); self.close_connection = True
                else: self.echo()
        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 100
        server = Server(('127.0.0.1', 0), Handler)
        if len(sys.argv) > 2:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1] + '/server.pem', sys.argv[1] + '/server.key')
            if sys.argv[2] == 'mutual':
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(sys.argv[1] + '/ca.pem')
            server.socket = context.wrap_socket(server.socket, server_side=True)
        print(server.server_address[1], flush=True)
        server.serve_forever()
        """
}

/// An authority, a server certificate for `localhost` and a client certificate, made by the openssl command.
enum TestCertificates {
    static func make() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("berth-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let script = """
            set -e
            cd '\(folder.path)'
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test-ca -keyout ca.key -out ca.pem
            for who in server client; do
              openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$who -keyout $who.key -out $who.csr
              printf 'subjectAltName=DNS:localhost' > san
              openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out $who.pem
            done
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", script]
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw LoopbackServer.Failure(message: "openssl made no certificates")
        }
        return folder
    }
}
