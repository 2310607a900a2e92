import CloudProviders
import Foundation
import HTTPTransport
import KubernetesAPI
import SchedulingModel
import Testing

/// The stand-in for AWS that `e2e/aws.sh` starts: moto, behind a proxy that makes faults on request.
struct Moto: Sendable {
    static let isThere = ProcessInfo.processInfo.environment["BERTH_MOTO_ENDPOINT"] != nil

    let endpoint: String
    let fixture: JSONTree
    private let transport: CurlTransport

    init() throws {
        let variables = ProcessInfo.processInfo.environment
        self.endpoint = try #require(variables["BERTH_MOTO_ENDPOINT"])
        let file = try Data(contentsOf: URL(filePath: try #require(variables["BERTH_MOTO_FIXTURE"])))
        self.fixture = try #require(JSONTree(parsing: String(decoding: file, as: UTF8.self)))
        self.transport = try CurlTransport(configuration: CurlConfiguration(server: self.endpoint))
    }

    func text(_ path: String...) throws -> String { try #require(self.fixture[path: path]?.string) }

    /// The environment of a process that is one of the fixture's users.
    func environment(user: String) throws -> AWSEnvironment {
        self.environment([
            "AWS_ACCESS_KEY_ID": try self.text("users", user, "accessKeyID"),
            "AWS_SECRET_ACCESS_KEY": try self.text("users", user, "secretAccessKey"),
        ])
    }

    func environment(_ variables: [String: String]) -> AWSEnvironment {
        var environment = AWSEnvironment.process
        environment.variables = variables
        environment.variables["AWS_ENDPOINT_URL"] = self.endpoint
        environment.variables["AWS_REGION"] = "us-east-1"
        return environment
    }

    func provider(_ environment: AWSEnvironment, cluster: String) async throws -> EC2FleetProvider {
        let subnets = try #require(self.fixture["subnets"]).members.map { ($0.key, $0.value.string ?? "") }
        return try EC2FleetProvider(
            account: try await AWSAccount.find(in: environment), cluster: cluster,
            templates: [
                "gpus": .init(
                    launchTemplateID: try self.text("launchTemplateID"),
                    subnets: Dictionary(uniqueKeysWithValues: subnets))
            ])
    }

    // MARK: The proxy

    /// Replaces the rules and forgets the calls.
    func set(_ rules: [JSONTree]) async throws {
        _ = try await self.ask("POST", "/_rules", JSONTree.array(rules).bytes)
    }

    /// The actions that were asked since the rules were set.
    func calls() async throws -> [String] { try await self.ask("GET", "/_calls", []).elements.compactMap(\.string) }

    private func ask(_ method: String, _ target: String, _ body: [UInt8]) async throws -> JSONTree {
        let response = try await self.transport.send(HTTPRequest(method: method, target: target, body: body))
        let text = String(decoding: try await response.body.collect(upTo: 1 << 20), as: UTF8.self)
        return try #require(JSONTree(parsing: text))
    }

    static func refusal(_ action: String, _ code: String, status: Int, times: Int = 1) -> JSONTree {
        let body = "<Response><Errors><Error><Code>\(code)</Code><Message>m</Message></Error></Errors></Response>"
        return self.answer(action, body, status: status, times: times)
    }

    static func answer(_ action: String, _ body: String, status: Int = 200, times: Int = 1) -> JSONTree {
        [
            "action": .string(action), "times": .integer(Int64(times)), "do": "answer",
            "status": .integer(Int64(status)), "body": .string(body),
        ]
    }
}

/// All that needs moto, one after the other: the proxy's rules are for all of them.
@Suite("Against moto", .enabled(if: Moto.isThere, "e2e/aws.sh starts moto and sets BERTH_MOTO_ENDPOINT"), .serialized)
struct MotoTests {}
