import KubernetesAPI
import SchedulingModel

/// A gang as its members name it, before it has a key of its own.
struct GangIdentity: Hashable {
    let namespace: String
    let source: PodGroup.Source
    let name: String
    /// Tells apart gangs that share the rest, such as a PyTorchJob and a TFJob of one name.
    var discriminator = ""
}

/// What one convention says about one pod: its top-level gang, and the way down to its subgroup.
struct GangClaim: Hashable {
    let identity: GangIdentity
    /// Names of subgroups below the gang, outermost first; empty for a member of the gang itself.
    var path: [String] = []
}

/// What a convention knows about one group of a gang.
struct GangDeclaration {
    /// Nil where nobody says: then all members that were seen count.
    var minMember: Int?
    var desiredMembers: Int?
    var topology: [TopologyConstraint] = []
    var exclusiveAxis: TopologyAxis?
    var problem: String?
    /// The kind of object that a pod names and that is not in the input.
    var missingObject: String?
    /// What the group asks for and this model cannot say.
    var simplification: String?
    /// False: its members are placed one by one.
    var isGang = true
    /// Members in groups of equal size, by rank.
    var chunks: GangChunks?
}

/// Members of a group, divided by rank into subgroups of equal size.
struct GangChunks {
    /// At least 1.
    var size: Int
    /// What the subgroups are called, before their number.
    var name: String
    /// Subgroups that count; nil for as many as the group's `minMember` fills.
    var minCount: Int?
    var topology: [TopologyConstraint] = []
}
