import CCurl

/// An easy handle set up for one request; only the loop's thread touches it.
final class CurlExchange {
    let handle: UnsafeMutableRawPointer
    let transfer: CurlTransfer
    var lastActivity = ContinuousClock.now
    private var headers = HTTPHeaders()
    private var hasHead = false
    private var headerLines: UnsafeMutablePointer<curl_slist>?
    private var connectTo: UnsafeMutablePointer<curl_slist>?

    init(_ transfer: CurlTransfer) throws(HTTPTransportError) {
        guard let handle = curl_easy_init() else {
            throw HTTPTransportError(.connectFailed, "libcurl is out of memory")
        }
        self.handle = handle
        self.transfer = transfer
        self.setRequest(transfer.request)
        try self.setServer(transfer.configuration)
        self.setTLS(transfer.configuration.tls)
        self.setCallbacks()
    }

    deinit {
        curl_easy_cleanup(self.handle)
        curl_slist_free_all(self.headerLines)
        curl_slist_free_all(self.connectTo)
    }

    // MARK: Options

    private func setRequest(_ request: HTTPRequest) {
        ccurl_set_long(self.handle, CURLOPT_NOSIGNAL, 1)
        ccurl_set_long(self.handle, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        ccurl_set_long(self.handle, CURLOPT_TCP_KEEPALIVE, 1)
        ccurl_set_long(self.handle, CURLOPT_PATH_AS_IS, 1)
        ccurl_set_long(self.handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        ccurl_set_string(self.handle, CURLOPT_PROTOCOLS_STR, "http,https")
        if !request.body.isEmpty || request.method == "POST" || request.method == "PUT" || request.method == "PATCH" {
            ccurl_set_offset(self.handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
            request.body.withUnsafeBufferPointer { body in
                _ = body.withMemoryRebound(to: CChar.self) {
                    ccurl_set_string(self.handle, CURLOPT_COPYPOSTFIELDS, $0.baseAddress)
                }
            }
            if request.body.isEmpty { ccurl_set_string(self.handle, CURLOPT_COPYPOSTFIELDS, "") }
        }
        ccurl_set_string(self.handle, CURLOPT_CUSTOMREQUEST, request.method)
        for field in request.headers.fields {
            let line = field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)"
            self.headerLines = curl_slist_append(self.headerLines, line)
        }
        for name in ["Expect", "Content-Type", "Accept"] where request.headers[name] == nil {
            self.headerLines = curl_slist_append(self.headerLines, "\(name):")
        }
        ccurl_set_list(self.handle, CURLOPT_HTTPHEADER, self.headerLines)
        let limits = request.limits
        ccurl_set_long(
            self.handle, CURLOPT_CONNECTTIMEOUT_MS, limits.connect.map(Self.milliseconds) ?? Int(Int32.max))
        if let total = limits.total { ccurl_set_long(self.handle, CURLOPT_TIMEOUT_MS, Self.milliseconds(total)) }
    }

    /// Where the certificate carries another name, the URL does too, and the connection goes to the real address.
    private func setServer(_ configuration: CurlConfiguration) throws(HTTPTransportError) {
        var server = configuration.server
        if let name = configuration.tls.serverName {
            guard let address = ServerAddress(server) else {
                throw HTTPTransportError(
                    .connectFailed, "server: found \(server.debugDescription), expected https://HOST")
            }
            let route = "\(name):\(address.port):\(address.host):\(address.port)"
            self.connectTo = curl_slist_append(nil, route)
            ccurl_set_list(self.handle, CURLOPT_CONNECT_TO, self.connectTo)
            server = "\(address.scheme)://\(name):\(address.port)\(address.path)"
        }
        ccurl_set_string(self.handle, CURLOPT_URL, server + self.transfer.request.target)
        // A further stream joins a connection that is being made, where it may become HTTP/2. Without TLS it never does,
        // and libcurl would let the stream wait until the one before it ends, which a watch does not.
        let isEncrypted = ServerAddress(server)?.scheme == "https"
        ccurl_set_long(self.handle, CURLOPT_PIPEWAIT, isEncrypted ? 1 : 0)
        switch configuration.proxy {
        case .environment: break
        case .none: ccurl_set_string(self.handle, CURLOPT_PROXY, "")
        case .url(let proxy): ccurl_set_string(self.handle, CURLOPT_PROXY, proxy)
        }
    }

    private func setTLS(_ tls: CurlTLS) {
        if let authorities = tls.authorities {
            ccurl_set_blob(self.handle, CURLOPT_CAINFO_BLOB, authorities, authorities.count)
            // Without this the system's authorities would be trusted beside ours.
            ccurl_set_string(self.handle, CURLOPT_CAPATH, nil)
        }
        if let certificate = tls.clientCertificate {
            ccurl_set_blob(self.handle, CURLOPT_SSLCERT_BLOB, certificate, certificate.count)
        }
        if let key = tls.clientKey { ccurl_set_blob(self.handle, CURLOPT_SSLKEY_BLOB, key, key.count) }
        ccurl_set_long(self.handle, CURLOPT_SSL_VERIFYPEER, tls.skipsVerification ? 0 : 1)
        ccurl_set_long(self.handle, CURLOPT_SSL_VERIFYHOST, tls.skipsVerification ? 0 : 2)
    }

    /// The exchange outlives its handle's use: the loop holds it until the handle has left the multi handle.
    private func setCallbacks() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_pointer(self.handle, CURLOPT_WRITEDATA, context)
        ccurl_set_function(self.handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            return Unmanaged<CurlExchange>.fromOpaque(context).takeUnretainedValue().body(bytes, size * count)
        }
        ccurl_set_pointer(self.handle, CURLOPT_HEADERDATA, context)
        ccurl_set_function(self.handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            return Unmanaged<CurlExchange>.fromOpaque(context).takeUnretainedValue().header(bytes, size * count)
        }
    }

    // MARK: What comes back

    private func body(_ bytes: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        self.lastActivity = .now
        let taken = bytes.withMemoryRebound(to: UInt8.self, capacity: count) {
            self.transfer.received(UnsafeBufferPointer(start: $0, count: count))
        }
        return taken ? count : ccurl_write_pause
    }

    /// One line, the status line and the empty one included. Interim answers (1xx) are passed over, trailers too.
    private func header(_ bytes: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        self.lastActivity = .now
        guard !self.hasHead else { return count }
        let line = bytes.withMemoryRebound(to: UInt8.self, capacity: count) {
            String(decoding: UnsafeBufferPointer(start: $0, count: count), as: UTF8.self)
        }
        if line.hasPrefix("HTTP/") {
            self.headers = HTTPHeaders()
        } else if line == "\r\n" || line == "\n" || line == "\r\n\r\n" {
            let status = Int(ccurl_response_status(self.handle))
            guard status >= 200 else { return count }
            self.hasHead = true
            self.transfer.received(CurlTransfer.Head(status: status, headers: self.headers))
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...]
            self.headers.add(String(line[..<colon]), Self.trimmed(value))
        }
        return count
    }

    func result(_ code: CURLcode) -> Result<Void, HTTPTransportError> {
        guard code != CURLE_OK else { return .success(()) }
        let detail = String(cString: curl_easy_strerror(code))
        let hasBegun = ccurl_pretransfer_time(self.handle) > 0
        let kind: HTTPTransportError.Code =
            switch code {
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_URL_MALFORMAT,
                CURLE_PROXY:
                .connectFailed
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
                CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CACERT_BADFILE:
                .tlsFailed
            case CURLE_OPERATION_TIMEDOUT: hasBegun ? .timedOut : .connectFailed
            // Also for an answer that looks like HTTP/0.9.
            case CURLE_UNSUPPORTED_PROTOCOL: hasBegun ? .protocolViolation : .connectFailed
            case CURLE_HTTP2, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING:
                .protocolViolation
            default: .connectionLost
            }
        return .failure(HTTPTransportError(kind, detail))
    }

    // MARK: Small conversions

    static func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        guard seconds < 1 << 20 else { return Int(Int32.max) }
        return max(1, Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text.drop(while: \.isWhitespace))
    }
}

/// `https://[::1]:6443/prefix` in its parts; the port is the scheme's where none is written.
struct ServerAddress: Equatable {
    let scheme: String
    let host: String
    let port: Int
    let path: String

    init?(_ text: String) {
        guard let separator = text.firstIndex(of: ":"), text[separator...].hasPrefix("://") else { return nil }
        self.scheme = text[..<separator].lowercased()
        guard self.scheme == "https" || self.scheme == "http" else { return nil }
        let rest = text[text.index(separator, offsetBy: 3)...]
        let authority = rest.prefix { $0 != "/" }
        self.path = String(rest.dropFirst(authority.count))
        let hostEnd = authority.hasPrefix("[") ? authority.firstIndex(of: "]").map(authority.index(after:)) : nil
        let end = hostEnd ?? authority.firstIndex(of: ":") ?? authority.endIndex
        self.host = String(authority[..<end])
        let port = authority[end...]
        guard !self.host.isEmpty, !authority.contains("@") else { return nil }
        if port.isEmpty {
            self.port = self.scheme == "https" ? 443 : 80
        } else {
            guard port.first == ":", let number = UInt16(port.dropFirst()) else { return nil }
            self.port = Int(number)
        }
    }
}
