import KubernetesAPI
import SchedulingModel

/// What became of the gangs of the last import, for those whose members are the very same pods, while the objects that declare gangs and the topology
/// are the same, too.
final class GangMemo {
    typealias Gang = (root: GangNode?, notes: [GangNote])

    private struct Known {
        let members: [GangTreeBuilder.Entry]
        let gang: Gang

        func isOf(_ others: [GangTreeBuilder.Entry]) -> Bool {
            self.members.count == others.count
                && zip(self.members, others).allSatisfy { $0.pod.isIdentical(to: $1.pod) && $0.path == $1.path }
        }
    }

    /// Everything but pods and nodes. Kept, so that their identities stay their own.
    private var declarations: [ManifestObject] = []
    private var topology: Topology?
    private var last: [GangIdentity: Known] = [:]
    private var current: [GangIdentity: Known] = [:]

    func begin(with objects: [ManifestObject], _ topology: Topology) {
        let declarations = objects.filter { $0.kind != "Pod" && $0.kind != "Node" }
        let isSame =
            self.topology == topology
            && declarations.elementsEqual(self.declarations) { $0.value.identity == $1.value.identity }
        if !isSame { self.last = [:] }
        self.declarations = declarations
        self.topology = topology
    }

    func gang(_ identity: GangIdentity, _ members: [GangTreeBuilder.Entry], _ build: () -> Gang) -> Gang {
        let known = self.last[identity].flatMap { $0.isOf(members) ? $0 : nil }
        let kept = known ?? Known(members: members, gang: build())
        self.current[identity] = kept
        return kept.gang
    }

    /// Gangs that are gone are forgotten.
    func end() {
        self.last = self.current
        self.current = [:]
    }
}
