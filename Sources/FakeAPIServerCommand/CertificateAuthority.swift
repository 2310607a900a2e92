import COpenSSL
import FakeKubernetesAPI

/// A certificate authority that lives as long as the process: it signs the server's certificate and those of its clients.
///
/// Keys are of the curve P-256; certificates hold from an hour ago for a year.
final class CertificateAuthority {
    /// PEM text.
    struct Identity: Sendable {
        let certificate: [UInt8]
        let key: [UInt8]
    }

    struct Failure: Error, CustomStringConvertible {
        let step: String
        var description: String { "certificates: OpenSSL failed at \(self.step)" }
    }

    private enum Purpose {
        case authority
        case server
        case client

        var extensions: [(id: Int32, value: String)] {
            switch self {
            case .authority:
                [
                    (NID_basic_constraints, "critical,CA:TRUE"), (NID_key_usage, "critical,keyCertSign,cRLSign"),
                    (NID_subject_key_identifier, "hash"),
                ]
            case .server:
                [
                    (NID_basic_constraints, "critical,CA:FALSE"), (NID_ext_key_usage, "serverAuth"),
                    (NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost"),
                ]
            case .client: [(NID_basic_constraints, "critical,CA:FALSE"), (NID_ext_key_usage, "clientAuth")]
            }
        }
    }

    private let key: OpaquePointer
    private let certificate: OpaquePointer
    /// PEM text.
    let certificatePEM: [UInt8]

    init() throws {
        let key = try Self.makeKey()
        do {
            let certificate = try Self.makeCertificate(
                for: key, name: "fake-apiserver-authority", groups: [], .authority, issuer: nil, signedWith: key)
            self.key = key
            self.certificate = certificate
            self.certificatePEM = try Self.pem(certificate: certificate)
        } catch {
            EVP_PKEY_free(key)
            throw error
        }
    }

    deinit {
        X509_free(self.certificate)
        EVP_PKEY_free(self.key)
    }

    /// For 127.0.0.1 and localhost.
    func server() throws -> Identity { try self.identity("fake-apiserver", [], .server) }

    /// A user, as Kubernetes reads client certificates: the common name is the user's, the organizations are the groups.
    func client(user: String, groups: [String]) throws -> Identity { try self.identity(user, groups, .client) }

    private func identity(_ name: String, _ groups: [String], _ purpose: Purpose) throws -> Identity {
        let key = try Self.makeKey()
        defer { EVP_PKEY_free(key) }
        let certificate = try Self.makeCertificate(
            for: key, name: name, groups: groups, purpose, issuer: self.certificate, signedWith: self.key)
        defer { X509_free(certificate) }
        let text = try Self.pem("the key") { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
        return Identity(certificate: try Self.pem(certificate: certificate), key: text)
    }

    // MARK: OpenSSL

    private static func makeKey() throws -> OpaquePointer {
        let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_group_name(context, "P-256") == 1,
            EVP_PKEY_generate(context, &key) == 1, let key
        else { throw Failure(step: "a key") }
        return key
    }

    private static func makeCertificate(
        for key: OpaquePointer, name: String, groups: [String], _ purpose: Purpose, issuer: OpaquePointer?,
        signedWith signer: OpaquePointer
    ) throws -> OpaquePointer {
        guard let certificate = X509_new() else { throw Failure(step: "a certificate") }
        do {
            try self.fill(certificate, key, name, groups, purpose, issuer)
            guard X509_sign(certificate, signer, EVP_sha256()) > 0 else { throw Failure(step: "a signature") }
            return certificate
        } catch {
            X509_free(certificate)
            throw error
        }
    }

    /// `MBSTRING_UTF8`, a macro.
    private static let utf8Text: Int32 = 0x1000

    private static func fill(
        _ certificate: OpaquePointer, _ key: OpaquePointer, _ name: String, _ groups: [String], _ purpose: Purpose,
        _ issuer: OpaquePointer?
    ) throws {
        let subject = X509_get_subject_name(certificate)
        let entries = groups.map { ("O", $0) } + [("CN", name)]
        for (field, value) in entries {
            let bytes = Array(value.utf8)
            guard
                X509_NAME_add_entry_by_txt(
                    subject, field, Self.utf8Text, bytes, Int32(bytes.count), -1, 0)
                    == 1
            else { throw Failure(step: "the name \(value)") }
        }
        let isFilled =
            X509_set_version(certificate, 2) == 1
            && ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), UInt64.random(in: 1...UInt64(Int64.max)))
                == 1
            && X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != nil
            && X509_gmtime_adj(X509_getm_notAfter(certificate), 365 * 86_400) != nil
            && X509_set_pubkey(certificate, key) == 1
            && X509_set_issuer_name(certificate, issuer.map { X509_get_subject_name($0) } ?? subject) == 1
        guard isFilled else { throw Failure(step: "a certificate's fields") }
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer ?? certificate, certificate, nil, nil, 0)
        for (id, value) in purpose.extensions {
            guard let part = X509V3_EXT_conf_nid(nil, &context, id, value) else {
                throw Failure(step: "the extension \(value)")
            }
            defer { X509_EXTENSION_free(part) }
            guard X509_add_ext(certificate, part, -1) == 1 else { throw Failure(step: "the extension \(value)") }
        }
    }

    private static func pem(certificate: OpaquePointer) throws -> [UInt8] {
        try self.pem("a certificate") { PEM_write_bio_X509($0, certificate) }
    }

    private static func pem(_ what: String, _ write: (OpaquePointer?) -> Int32) throws -> [UInt8] {
        let sink = BIO_new(BIO_s_mem())
        defer { BIO_free(sink) }
        guard write(sink) == 1 else { throw Failure(step: "writing \(what)") }
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        let count = BIO_read(sink, &bytes, Int32(bytes.count))
        guard count > 0 else { throw Failure(step: "writing \(what)") }
        return Array(bytes.prefix(Int(count)))
    }
}

/// Whom a client certificate names.
enum ClientCertificate {
    /// - Parameter der: A certificate that was verified already.
    /// - Returns: Nil where it has no common name.
    static func user(of der: [UInt8]) -> (name: String, groups: [String])? {
        var position: UnsafePointer<UInt8>?
        let certificate = der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
            position = bytes.baseAddress
            return d2i_X509(nil, &position, bytes.count)
        }
        guard let certificate else { return nil }
        defer { X509_free(certificate) }
        let subject = X509_get_subject_name(certificate)
        let names = Self.values(NID_commonName, subject)
        return names.last.map { ($0, Self.values(NID_organizationName, subject)) }
    }

    private static func values(_ id: Int32, _ name: OpaquePointer?) -> [String] {
        var found: [String] = []
        var index = X509_NAME_get_index_by_NID(name, id, -1)
        while index >= 0 {
            let data = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index))
            let bytes = UnsafeBufferPointer(start: ASN1_STRING_get0_data(data), count: Int(ASN1_STRING_length(data)))
            found.append(String(decoding: bytes, as: UTF8.self))
            index = X509_NAME_get_index_by_NID(name, id, index)
        }
        return found
    }
}
