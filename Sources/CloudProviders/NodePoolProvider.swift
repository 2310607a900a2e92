public import ClusterImport
public import SchedulingModel

/// Who buys machines and gives them back: one per cloud or cluster-management project.
///
/// Protocol of use: 1. write down what will be asked, with a fresh client token; 2. `grow` with that token; 3. after a crash
/// or a retryable error `grow` again with the same token: it never buys twice; after any other error a new launch needs a
/// new token; 4. `delete` what is no longer needed.
public protocol NodePoolProvider: Sendable {
    /// Buys exactly `request.count` machines in one zone, or none.
    ///
    /// A launch that the cloud fulfils in part is undone before this throws an error that is not retryable.
    ///
    /// - Throws: `NodePoolError`; after `transient` and `throttled` the outcome is unknown and the same token asks again, as it does after
    ///   `inProgress`, with which the launch goes its way.
    func grow(_ request: LaunchRequest) async throws(NodePoolError) -> [LaunchedMachine]

    /// Gives these machines of the pool back. One that is gone already is no error, so that asking again is safe.
    func delete(_ machines: [MachineID], of pool: String) async throws(NodePoolError)

    /// What the pool has now, by id; machines that are being deleted are left out.
    func machines(of pool: String) async throws(NodePoolError) -> [LaunchedMachine]

    /// Shapes, prices and limits as the provider has them for the pool; nothing where it cannot tell.
    func supply(of pool: PoolSettings) async throws(NodePoolError) -> PoolSupply

    /// The topology labels that nodes of these machines will carry, by machine: known before they join. Machines of which the
    /// provider cannot tell are left out.
    func topologyLabels(
        of machines: [MachineID], in pool: String
    ) async throws(NodePoolError) -> [MachineID: [String: String]]
}

extension NodePoolProvider {
    public func supply(of pool: PoolSettings) async throws(NodePoolError) -> PoolSupply { PoolSupply() }

    public func topologyLabels(
        of machines: [MachineID], in pool: String
    ) async throws(NodePoolError) -> [MachineID: [String: String]] { [:] }
}

/// One launch of one offering.
public struct LaunchRequest: Hashable, Sendable {
    public var pool: String
    public var offering: OfferingKey
    public var count: Int
    /// At most 64 characters, unique per launch and written down before the call.
    public var clientToken: String

    public init(pool: String, offering: OfferingKey, count: Int, clientToken: String) {
        self.pool = pool
        self.offering = offering
        self.count = count
        self.clientToken = clientToken
    }
}

public struct LaunchedMachine: Hashable, Sendable {
    public var id: MachineID
    public var offering: OfferingKey
    /// Of the launch that bought it; nil where the cloud does not say, and for a machine that somebody else bought.
    public var clientToken: String?
    /// What `spec.providerID` of its node says, once it has joined; nil where that is not known yet.
    public var providerID: String?

    public init(id: MachineID, offering: OfferingKey, clientToken: String? = nil, providerID: String? = nil) {
        self.id = id
        self.offering = offering
        self.clientToken = clientToken
        self.providerID = providerID
    }
}

/// Why a cloud did not do it. Equal by code.
public struct NodePoolError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, CaseIterable {
        /// The offering is sold out: back off from it, try the next.
        case noCapacity
        /// The account's limit: no other zone helps.
        case quota
        case throttled
        /// Credentials or permissions.
        case denied
        /// The request itself is wrong; asking again gives the same.
        case invalid
        /// The outcome is not known: ask again with the same token.
        case transient
        /// Nothing is wrong: the machines are being made, or another launch of the same group comes first. Ask again with the same token.
        case inProgress
    }

    public let code: Code
    /// What happened, for people; never looked at by code.
    public let detail: String

    public init(_ code: Code, _ detail: String = "") {
        self.code = code
        self.detail = detail
    }

    /// Whether the same request may succeed soon.
    public var isRetryable: Bool {
        switch self.code {
        case .throttled, .transient, .inProgress: true
        case .noCapacity, .quota, .denied, .invalid: false
        }
    }

    public static func == (lhs: Self, rhs: Self) -> Bool { lhs.code == rhs.code }

    public var description: String {
        self.detail.isEmpty ? self.code.rawValue : "\(self.code.rawValue): \(self.detail)"
    }
}
