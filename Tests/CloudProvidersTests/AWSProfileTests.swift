import CloudProviders
import HTTPTransport
import Testing

@Suite("AWS profiles")
struct AWSProfileTests {
    private func source(
        config: String = "", credentials: String = "", profile: String? = nil, _ world: ScriptedWorld = ScriptedWorld(),
        _ further: [String: String] = [:]
    ) throws -> any AWSCredentialSource {
        world.write("/config", config)
        world.write("/credentials", credentials)
        var variables = further
        variables["AWS_CONFIG_FILE"] = "/config"
        variables["AWS_SHARED_CREDENTIALS_FILE"] = "/credentials"
        variables["AWS_PROFILE"] = profile
        variables["AWS_EC2_METADATA_DISABLED"] = "true"
        return try AWSCredentialChain.find(in: world.environment(variables), region: "eu-west-1")
    }

    private func given(_ identifier: String) -> (Int, String) {
        (
            200,
            "<R><Credentials><AccessKeyId>\(identifier)</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
                + "<SessionToken>t</SessionToken><Expiration>2015-08-30T13:36:00Z</Expiration></Credentials></R>"
        )
    }

    @Test("the credentials file goes before the config file; comments, spaces and nested settings are understood")
    func files() async throws {
        let config = """
            # all of it
            [default]
            aws_access_key_id=CONFIG
            [profile  other ]
            AWS_ACCESS_KEY_ID = OTHER ; mine
            aws_secret_access_key = a=b#c
            s3 =
              aws_access_key_id = NESTED
            [other]
            aws_access_key_id = WRONG
            [services x]
            aws_access_key_id = WRONG
            """
        let credentials = "[default]\r\naws_access_key_id = FILE\r\naws_secret_access_key = secret\r\n"
        let standard = try await self.source(config: config, credentials: credentials).credentials()
        #expect(standard == AWSCredentials(accessKeyID: "FILE", secretAccessKey: "secret"))
        let other = try await self.source(config: config, credentials: credentials, profile: "other").credentials()
        #expect(other == AWSCredentials(accessKeyID: "OTHER", secretAccessKey: "a=b#c"))
    }

    @Test("a role is taken on with the source profile's keys, over several profiles")
    func roles() async throws {
        let config = """
            [profile top]
            role_arn = arn:top
            source_profile = middle
            external_id = ex
            duration_seconds = 900
            role_session_name = me
            [profile middle]
            role_arn = arn:middle
            source_profile = middle
            aws_access_key_id = KEYS
            aws_secret_access_key = secret
            """
        let world = ScriptedWorld([self.given("MIDDLE"), self.given("TOP")])
        let found = try await self.source(config: config, profile: "top", world).credentials()
        #expect(found.description == "AWS credentials TOP")
        let requests = await world.transport.requests
        let signers = requests.map { $0.headers["authorization"] ?? "" }
        #expect(signers.map { $0.contains("Credential=KEYS/") } == [true, false])
        #expect(signers.map { $0.contains("Credential=MIDDLE/") } == [false, true])
        #expect(requests[1].headers["x-amz-security-token"] == "t")
        let forms = await world.transport.forms
        #expect(forms[0].contains("RoleArn=arn%3Amiddle&RoleSessionName=berth"))
        #expect(forms[1].hasSuffix("RoleArn=arn%3Atop&RoleSessionName=me&ExternalId=ex&DurationSeconds=900"))
    }

    @Test("a role by web identity, and one by the environment's keys")
    func otherSources() async throws {
        let world = ScriptedWorld([self.given("WEB")])
        world.write("/token", "jwt")
        let web = "[default]\nrole_arn = arn:role\nweb_identity_token_file = /token\n"
        #expect(try await self.source(config: web, world).credentials().description == "AWS credentials WEB")
        let container = "[default]\nrole_arn = arn:role\ncredential_source = EcsContainer\n"
        #expect(throws: AWSError.self) { try self.source(config: container) }
    }

    @Test(
        "what cannot be followed is refused by name",
        arguments: [
            (
                "[default]\nrole_arn = r\nsource_profile = a\n[profile a]\nrole_arn = r\nsource_profile = default\n",
                "default, a"
            ),
            ("[default]\nrole_arn = r\nsource_profile = gone\n", "source_profile gone"),
            ("[default]\nrole_arn = r\nsource_profile = a\n[profile a]\nregion = x\n", "profile a: found no keys"),
            ("[default]\nrole_arn = r\n", "without source_profile"),
            ("[default]\nrole_arn = r\nmfa_serial = m\nsource_profile = default\n", "mfa_serial"),
            ("[default]\nsso_session = s\n", "sso_session"),
            ("[default]\ncredential_process = c\n", "credential_process"),
            ("[default]\nrole_arn = r\ncredential_source = Moon\n", "Moon"),
        ])
    func refused(config: String, expected: String) {
        let error = #expect(throws: AWSError.self) { try self.source(config: config) }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }

    @Test("a default profile without credentials is passed over, a named one that is missing is not")
    func passedOver() async throws {
        let pod = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/"]
        let world = ScriptedWorld([
            (200, #"{"AccessKeyId":"POD","SecretAccessKey":"s","Token":"t","Expiration":"2015-08-30T13:36:00Z"}"#)
        ])
        let found = try await self.source(config: "[default]\nregion = x\n", world, pod).credentials()
        #expect(found.description == "AWS credentials POD")
        #expect(throws: AWSError.self) { try self.source(config: "[default]\n", profile: "gone", world, pod) }
    }
}
