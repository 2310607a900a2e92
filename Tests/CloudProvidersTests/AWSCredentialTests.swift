import CloudProviders
import HTTPTransport
import Testing

@Suite("AWS credentials")
struct AWSCredentialTests {
    private static let role = "arn:aws:iam::123456789012:role/berth"

    private func source(_ world: ScriptedWorld, _ variables: [String: String]) throws -> any AWSCredentialSource {
        try AWSCredentialChain.find(in: world.environment(variables), region: "eu-west-1")
    }

    private func given(
        _ identifier: String, _ action: String, expires: String = "2015-08-30T13:36:00Z"
    ) -> (Int, String) {
        (
            200,
            "<\(action)Response><\(action)Result><Credentials><AccessKeyId>\(identifier)</AccessKeyId>"
                + "<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>"
                + "<Expiration>\(expires)</Expiration></Credentials></\(action)Result></\(action)Response>"
        )
    }

    private func document(_ identifier: String, expires: String = "2015-08-30T13:36:00Z") -> (Int, String) {
        (
            200,
            #"{"Code":"Success","AccessKeyId":"\#(identifier)","SecretAccessKey":"secret","Token":"token","#
                + #""Expiration":"\#(expires)"}"#
        )
    }

    private func keys(_ identifier: String) -> AWSCredentials {
        AWSCredentials(
            accessKeyID: identifier, secretAccessKey: "secret", sessionToken: "token",
            expiresAtSeconds: 1_440_941_760)
    }

    // MARK: Order

    @Test("environment, web identity, profile, container, machine: the first that is configured counts")
    func order() async throws {
        var variables = [
            "AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": Self.role, "HOME": "/home",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
        ]
        let world = ScriptedWorld([
            self.given("WEB", "AssumeRoleWithWebIdentity"), self.document("POD"), (200, "session"), (200, "berth-role"),
            self.document("IMDS"),
        ])
        world.write("/token", "jwt\n")
        world.write("/home/.aws/credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = secret\n")
        let removals = [["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"], ["AWS_WEB_IDENTITY_TOKEN_FILE"], ["HOME"]]
        var found: [String] = []
        for removal in [[]] + removals + [["AWS_CONTAINER_CREDENTIALS_FULL_URI"]] {
            for name in removal { variables[name] = nil }
            found.append(try await self.source(world, variables).credentials().description)
        }
        #expect(found == ["ENV", "WEB", "FILE", "POD", "IMDS"].map { "AWS credentials \($0)" })
        #expect(world.servers.first == "https://sts.eu-west-1.amazonaws.com")
        variables["AWS_EC2_METADATA_DISABLED"] = "true"
        #expect(throws: AWSError.self) { try self.source(world, variables) }
    }

    @Test(
        "what is configured by half is an error, and nobody else is asked",
        arguments: [
            ["AWS_ACCESS_KEY_ID": "ENV"], ["AWS_SECRET_ACCESS_KEY": "secret"],
            ["AWS_WEB_IDENTITY_TOKEN_FILE": "/token"], ["AWS_PROFILE": "nobody"],
            ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "no-path"],
            ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/credentials"],
            ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.example.com/credentials"],
            ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1@example.com/"],
            ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "ftp://127.0.0.1/"],
        ])
    func half(variables: [String: String]) {
        let world = ScriptedWorld()
        #expect(throws: AWSError.self) { try self.source(world, variables) }
        #expect(world.servers.isEmpty)
    }

    // MARK: Web identity

    @Test("a service account's role: the token is read each time, and the call is not signed")
    func webIdentity() async throws {
        let action = "AssumeRoleWithWebIdentity"
        let world = ScriptedWorld([
            self.given("ONE", action), self.given("TWO", action, expires: "2015-08-30T15:00:00Z"),
        ])
        world.write("/token", "jwt-1\n")
        let source = try self.source(world, ["AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": Self.role])
        #expect(try await source.credentials() == self.keys("ONE"))
        world.pass(seconds: 3600 - 301)
        #expect(try await source.credentials() == self.keys("ONE"))
        world.write("/token", "jwt-2\n")
        world.pass(seconds: 1)
        #expect(try await source.credentials().description == "AWS credentials TWO")
        let requests = await world.transport.requests
        #expect(requests.count == 2)
        #expect(requests.allSatisfy { $0.headers["authorization"] == nil })
        let forms = await world.transport.forms
        #expect(forms[0].hasSuffix("RoleSessionName=berth&WebIdentityToken=jwt-1"))
        #expect(forms[1].hasSuffix("WebIdentityToken=jwt-2"))
    }

    @Test("a refresh that fails keeps the old credentials to their end, and is tried again half a minute later")
    func refreshFails() async throws {
        let action = "AssumeRoleWithWebIdentity"
        let world = ScriptedWorld([self.given("ONE", action), (500, ""), (500, ""), (500, "")])
        world.write("/token", "jwt")
        let source = try self.source(world, ["AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": Self.role])
        _ = try await source.credentials()
        world.pass(seconds: 3400)
        #expect(try await source.credentials() == self.keys("ONE"))
        #expect(try await source.credentials() == self.keys("ONE"))
        #expect(await world.transport.requests.count == 2)
        world.pass(seconds: 30)
        #expect(try await source.credentials() == self.keys("ONE"))
        #expect(await world.transport.requests.count == 3)
        world.pass(seconds: 200)
        await #expect(throws: AWSError.self) { try await source.credentials() }
    }

    @Test("callers that come at once share one fetch")
    func shared() async throws {
        let world = ScriptedWorld([self.given("ONE", "AssumeRoleWithWebIdentity")])
        world.write("/token", "jwt")
        let source = try self.source(world, ["AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": Self.role])
        let all = try await withThrowingTaskGroup(of: AWSCredentials.self) { group in
            for _ in 0..<20 { group.addTask { try await source.credentials() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(all.count == 20)
        #expect(await world.transport.requests.count == 1)
    }

    @Test("a missing token file and an answer without keys are told, never trapped on")
    func webIdentityFails() async throws {
        let variables = ["AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": Self.role]
        let world = ScriptedWorld([(200, "<a/>"), (200, "text"), self.given("ONE", "A", expires: "soon")])
        let source = try self.source(world, variables)
        await #expect(throws: AWSError.self) { try await source.credentials() }
        #expect(world.servers.isEmpty)
        world.write("/token", "jwt")
        for _ in 0..<3 { await #expect(throws: AWSError.self) { try await source.credentials() } }
    }

    // MARK: Container and machine

    @Test("EKS Pod Identity: the file's token goes with the request and is read each time")
    func podIdentity() async throws {
        let world = ScriptedWorld([self.document("ONE"), self.document("TWO")])
        world.write("/pod-token", "first\n")
        let source = try self.source(
            world,
            [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials?a=b",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/pod-token", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "unused",
            ])
        #expect(try await source.credentials() == self.keys("ONE"))
        world.write("/pod-token", "second\n")
        await source.forget()
        #expect(try await source.credentials() == self.keys("TWO"))
        let requests = await world.transport.requests
        #expect(requests.map { $0.headers["authorization"] } == ["first", "second"])
        #expect(requests.map(\.target) == ["/v1/credentials?a=b", "/v1/credentials?a=b"])
        #expect(world.servers.first == "http://169.254.170.23")
    }

    @Test("IMDSv2: a session token first, then the role, then its keys")
    func metadata() async throws {
        let world = ScriptedWorld([(200, "session"), (200, "berth role\n"), self.document("IMDS")])
        let source = try self.source(world, ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1338/"])
        #expect(try await source.credentials() == self.keys("IMDS"))
        let requests = await world.transport.requests
        #expect(requests.map(\.method) == ["PUT", "GET", "GET"])
        #expect(requests.last?.target == "/latest/meta-data/iam/security-credentials/berth%20role")
        #expect(requests.map { $0.headers["x-aws-ec2-metadata-token"] } == [nil, "session", "session"])
        #expect(Set(world.servers) == ["http://127.0.0.1:1338"])
    }

    @Test("a machine without a role, and a role whose keys AWS does not give")
    func metadataFails() async throws {
        let refused = #"{"Code":"AssumeRoleUnauthorizedAccess","Message":"no"}"#
        let world = ScriptedWorld([(200, "session"), (404, ""), (200, "session"), (200, "role"), (200, refused)])
        let source = try self.source(world, [:])
        for expected in ["has no role", "AssumeRoleUnauthorizedAccess"] {
            let error = await #expect(throws: AWSError.self) { try await source.credentials() }
            #expect(error?.description.contains(expected) == true)
        }
    }

    // MARK: Account

    @Test("the region: variables, then the profile, then the machine")
    func region() async throws {
        let world = ScriptedWorld([(200, "session"), (200, "us-west-2")])
        world.write("/home/.aws/config", "[default]\nregion = eu-north-1\n")
        var variables = ["AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2", "HOME": "/home"]
        var regions = [try await AWSAccount.find(in: world.environment(variables)).region]
        for name in ["AWS_REGION", "AWS_DEFAULT_REGION", "HOME"] {
            variables[name] = nil
            regions.append(try await AWSAccount.find(in: world.environment(variables)).region)
        }
        #expect(regions == ["eu-west-1", "eu-west-2", "eu-north-1", "us-west-2"])
    }

    @Test("credentials are never printed")
    func printing() {
        let text = "\(self.keys("ID")) \(String(reflecting: self.keys("ID"))) \(String(describing: [self.keys("ID")]))"
        #expect(!text.contains("secret") && !text.contains("token"))
    }
}
