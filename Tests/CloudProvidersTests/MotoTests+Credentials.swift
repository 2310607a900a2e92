import CloudProviders
import Foundation
import Testing

extension MotoTests {
    /// Each way to be somebody, up to a signed call that moto allows to the role and to nobody else.
    @Suite("Credentials", .serialized)
    struct Credentials {
        private func list(_ moto: Moto, _ variables: [String: String]) async throws {
            try await moto.set([])
            let provider = try await moto.provider(moto.environment(variables), cluster: "credentials")
            #expect(try await provider.machines(of: "gpus").isEmpty)
        }

        private func withFile<Result>(_ text: String, _ body: (String) async throws -> Result) async throws -> Result {
            let file = FileManager.default.temporaryDirectory.appending(path: "berth-\(UUID().uuidString)")
            try Data(text.utf8).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            return try await body(file.path())
        }

        @Test("a service account's role, by web identity")
        func webIdentity() async throws {
            let moto = try Moto()
            let role = try moto.text("roleARN")
            try await self.withFile(try moto.text("webIdentityToken")) { path in
                try await self.list(moto, ["AWS_WEB_IDENTITY_TOKEN_FILE": path, "AWS_ROLE_ARN": role])
                #expect(try await moto.calls() == ["AssumeRoleWithWebIdentity", "DescribeInstances"])
            }
            try await self.withFile("forged") { path in
                let variables = ["AWS_WEB_IDENTITY_TOKEN_FILE": path, "AWS_ROLE_ARN": role]
                await #expect(throws: NodePoolError(.denied)) { try await self.list(moto, variables) }
            }
        }

        @Test("a pod's identity, by the container's endpoint and the token file")
        func podIdentity() async throws {
            let moto = try Moto()
            var variables = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(moto.endpoint)/v1/credentials"]
            try await self.withFile("\(try moto.text("podToken"))\n") { path in
                variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = path
                try await self.list(moto, variables)
            }
            variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = nil
            await #expect(throws: NodePoolError(.denied)) { try await self.list(moto, variables) }
        }

        @Test("the machine's role, by IMDSv2")
        func machine() async throws {
            let moto = try Moto()
            try await self.list(moto, ["AWS_EC2_METADATA_SERVICE_ENDPOINT": moto.endpoint])
        }

        @Test("a profile whose role is taken on with another profile's keys")
        func profile() async throws {
            let moto = try Moto()
            let config = """
                [profile gpus]
                role_arn = \(try moto.text("roleARN"))
                source_profile = operator
                [profile operator]
                aws_access_key_id = \(try moto.text("users", "operator", "accessKeyID"))
                aws_secret_access_key = \(try moto.text("users", "operator", "secretAccessKey"))
                """
            try await self.withFile(config) { path in
                try await self.list(moto, ["AWS_CONFIG_FILE": path, "AWS_PROFILE": "gpus"])
                #expect(try await moto.calls() == ["AssumeRole", "DescribeInstances"])
                let variables = ["AWS_CONFIG_FILE": path, "AWS_PROFILE": "operator"]
                await #expect(throws: NodePoolError(.denied)) { try await self.list(moto, variables) }
            }
        }
    }
}
