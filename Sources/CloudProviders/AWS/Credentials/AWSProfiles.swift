/// The shared config and credentials files, and the profile that is meant.
///
/// Read: keys, `role_arn` with `source_profile`, `credential_source` or `web_identity_token_file`, `external_id`,
/// `role_session_name`, `duration_seconds`, `region`. A profile that needs a person or a command (`mfa_serial`, `sso_…`,
/// `credential_process`) is refused by name. Of a key in both files the credentials file's counts.
struct AWSProfiles: Sendable {
    let chosenName: String
    private let isNamed: Bool
    private let environment: AWSEnvironment
    private var profiles: [String: [String: String]] = [:]
    private static let chainLimit = 8

    init(_ environment: AWSEnvironment) {
        self.environment = environment
        let name = environment.variable("AWS_PROFILE")
        self.isNamed = name != nil
        self.chosenName = name ?? "default"
        let home = environment.variable("HOME")
        let config = environment.variable("AWS_CONFIG_FILE") ?? home.map { "\($0)/.aws/config" }
        let shared = environment.variable("AWS_SHARED_CREDENTIALS_FILE") ?? home.map { "\($0)/.aws/credentials" }
        if let bytes = config.flatMap(environment.readFile) { self.merge(bytes, isConfig: true) }
        if let bytes = shared.flatMap(environment.readFile) { self.merge(bytes, isConfig: false) }
    }

    func value(_ key: String, in name: String) -> String? {
        self.profiles[name]?[key].flatMap { $0.isEmpty ? nil : $0 }
    }

    // MARK: Files

    /// Sections are `[profile NAME]` or `[default]` in the config file and `[NAME]` in the other; indented lines belong to
    /// settings of other tools and are passed over.
    private mutating func merge(_ bytes: [UInt8], isConfig: Bool) {
        var section: String?
        for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
            guard let first = line.first, first != "#", first != ";" else { continue }
            if first == "[" {
                section = Self.section(line.dropFirst().prefix { $0 != "]" }, isConfig: isConfig)
                if let section { self.profiles[section, default: [:]] = self.profiles[section] ?? [:] }
            } else if !first.isWhitespace, let section, let equals = line.firstIndex(of: "=") {
                let value = line[line.index(after: equals)...]
                self.profiles[section]?[Self.trimmed(line[..<equals]).lowercased()] =
                    Self.trimmed(value.prefix(Self.lengthBeforeComment(value)))
            }
        }
    }

    private static func section(_ title: Substring, isConfig: Bool) -> String? {
        let words = title.split(whereSeparator: \.isWhitespace)
        guard isConfig else { return words.count == 1 ? String(words[0]) : nil }
        if words == ["default"] { return "default" }
        return words.count == 2 && words[0] == "profile" ? String(words[1]) : nil
    }

    /// A comment in a line begins with white space and `#` or `;`.
    private static func lengthBeforeComment(_ text: Substring) -> Int {
        var isAfterSpace = false
        for (offset, character) in text.enumerated() {
            if isAfterSpace, character == "#" || character == ";" { return offset }
            isAfterSpace = character.isWhitespace
        }
        return text.count
    }

    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop { $0.isWhitespace }
        return start.lastIndex { !$0.isWhitespace }.map { String(start[...$0]) } ?? ""
    }

    // MARK: Sources

    /// Nil where nobody named a profile and the default one is not there or says nothing about credentials.
    func source(region: String) throws(AWSError) -> (any AWSCredentialSource)? {
        guard self.profiles[self.chosenName] != nil else {
            if self.isNamed { throw .noCredentials("found no profile \(self.chosenName) in the shared files") }
            return nil
        }
        return try self.source(of: self.chosenName, region: region, seen: [])
    }

    private func source(
        of name: String, region: String, seen: [String]
    ) throws(AWSError) -> (any AWSCredentialSource)? {
        guard let profile = self.profiles[name] else {
            throw .noCredentials("profile \(seen.last ?? name): found no source_profile \(name)")
        }
        // A profile may be its own source: then its keys take on its role.
        if let role = profile["role_arn"], seen.last != name {
            guard !seen.contains(name), seen.count < Self.chainLimit else {
                throw .noCredentials(
                    "profiles \((seen + [name]).joined(separator: ", ")): each takes its role from the next")
            }
            return try self.assuming(role, profile, name, region: region, seen: seen)
        }
        if let identifier = profile["aws_access_key_id"], let secret = profile["aws_secret_access_key"] {
            return StaticAWSCredentials(
                AWSCredentials(
                    accessKeyID: identifier, secretAccessKey: secret, sessionToken: profile["aws_session_token"]))
        }
        if let key = profile.keys.sorted().first(where: { $0 == "credential_process" || $0.hasPrefix("sso_") }) {
            throw .noCredentials("profile \(name): found \(key), which Berth does not follow; expected keys or a role")
        }
        guard seen.isEmpty else { throw .noCredentials("profile \(name): found no keys and no role") }
        return nil
    }

    private func assuming(
        _ role: String, _ profile: [String: String], _ name: String, region: String, seen: [String]
    ) throws(AWSError) -> any AWSCredentialSource {
        if profile["mfa_serial"] != nil {
            throw .noCredentials("profile \(name): found mfa_serial, which needs a person")
        }
        let service = SecurityTokenService(environment: self.environment, region: region)
        let session = profile["role_session_name"] ?? "berth"
        if let file = profile["web_identity_token_file"] {
            return WebIdentity(service: service, tokenFile: file, roleARN: role, sessionName: session)
                .cached(self.environment)
        }
        let source: any AWSCredentialSource
        if let origin = profile["source_profile"] {
            guard let found = try self.source(of: origin, region: region, seen: seen + [name]) else {
                throw .noCredentials("profile \(origin): found no keys and no role")
            }
            source = found
        } else {
            source = try self.source(named: profile["credential_source"], of: name)
        }
        return AssumedRole(
            service: service, roleARN: role, sessionName: session, externalID: profile["external_id"],
            durationSeconds: profile["duration_seconds"], source: source
        ).cached(self.environment)
    }

    private func source(named kind: String?, of name: String) throws(AWSError) -> any AWSCredentialSource {
        switch kind {
        case "Environment":
            if let keys = try AWSCredentialChain.keys(in: self.environment) { return StaticAWSCredentials(keys) }
        case "EcsContainer":
            if let source = try ContainerCredentials(self.environment) { return source.cached(self.environment) }
        case "Ec2InstanceMetadata":
            if let source = InstanceMetadata(self.environment) { return source.cached(self.environment) }
        case nil:
            throw .noCredentials(
                "profile \(name): found role_arn without source_profile, credential_source or web_identity_token_file")
        case .some(let unknown):
            throw .noCredentials(
                "profile \(name): found credential_source \(unknown), "
                    + "expected Environment, EcsContainer or Ec2InstanceMetadata")
        }
        throw .noCredentials("profile \(name): credential_source \(kind ?? "") has nothing to give")
    }
}
