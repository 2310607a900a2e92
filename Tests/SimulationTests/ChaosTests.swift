import Simulation
import TestSupport
import Testing

@Suite("Simulation", .longCalculation)
struct ChaosTests {
    @Test("the same seed gives the same outcome, step by step")
    func repeats() {
        var options = ChaosOptions()
        options.keepsTrace = true
        options.chaosMillis = 60_000
        #expect(ChaosRun.run(seed: 7, options: options) == ChaosRun.run(seed: 7, options: options))
    }

    @Test("every rule holds under faults", arguments: UInt64(1)...4)
    func holds(seed: UInt64) {
        let outcome = ChaosRun.run(seed: seed)
        #expect(outcome.finding == nil, "berth simulate chaos --seeds 1 --from \(seed) --trace")
    }

    /// Seeds that once broke a rule before clusters could buy nodes, and what it took.
    @Test(
        "seeds that once failed",
        arguments: [
            (seed: UInt64(9), why: "a group deleted before its pods made the verifier refuse every plan"),
            (180, "a member was bound again after a peer had failed and the gang was below its minimum"),
            (766, "a refused retry freed room that the first try, whose reply was lost, still took"),
            (8335, "a read gave room away that a lost try was still to take"),
            (9351, "a read gave room away that a lost try was still to take, with the gang below its minimum"),
            (1000, "a gang was shrunk to its minimum while a member that counted was not bound yet"),
            (1043, "a budget kept a gang below its minimum, and nobody looked at it again"),
            (1079, "on an over-committed node the verifier gave a pod the card of one that was to leave"),
            (1091, "on an over-committed node the verifier gave a pod the card of one that was to leave"),
        ])
    func onceFailed(seed: UInt64, why: String) {
        self.expectPass(seed, why, hasCloud: false, hasExtender: false)
    }

    /// Seeds that once broke a rule before kube-schedulers asked the extender, clouds included, and what it took.
    @Test(
        "seeds that once failed, with a cloud",
        arguments: [
            (seed: UInt64(422), why: "failed once, and was repaired without a note of its cause"),
            (770_011, "a replica was never woken again after a wake with nothing to do: the simulation"),
            (770_071, "what stands on a node that its cloud takes will wait again: the auditor"),
            (770_103, "a claim removed before its launch stands for nothing: the auditor"),
            (770_260, "a refused eviction leaves its pod where it is: the auditor"),
            (770_854, "whom room is made for needs no node: the auditor"),
            (780_095, "an eviction asked for again was counted twice against its budget: the auditor"),
            (780_205, "a process that leads again knows only what the API shows of its purchases: the auditor"),
            (780_277, "a gang with a member on a lost node was torn, and the verifier refused the plan"),
            (790_411, "a lost eviction was asked for again when its gang had lost others"),
            (790_618, "whoever stands on a machine that is to be deleted is left to end there: the auditor"),
            (791_446, "a claim that was to be removed is still there for the next leader: the auditor"),
            (
                800_725,
                "a node came back under its name while a binding to it was under way, and its room was given twice"
            ),
            (810_190, "room that was made for somebody was counted on by others when purchases were decided"),
            (811_935, "a machine was forgotten whose claim somebody had removed and nobody was let write anew"),
            (800_950, "a nomination written late, on a pod that has a node, held room: the simulated kube-scheduler"),
            (852_916, "of two that wanted the same room another won: the auditor"),
            (853_796, "a pod whose eviction was refused counted as leaving, and the rest of its gang went without it"),
            (910_018, "a node about to be taken into use again was not counted on: the auditor"),
            (910_162, "pods let go to one node and nominated to another kept each other out"),
            (920_359, "a machine that was being deleted was counted on: the auditor"),
            (921_042, "the next leader came before the lease of a crashed one had run out: the simulation"),
            (923_064, "a claim stays when a change of it is refused: the auditor"),
            (935_431, "an offering came out of back-off and nobody looked again, since the reason noted was another"),
            (937_599, "a claim removed by somebody was forgotten while the machine of its launch was not listed yet"),
            (936_295, "a read had shown that the victim runs, before the watch did: the auditor"),
        ])
    func onceFailedWithACloud(seed: UInt64, why: String) {
        self.expectPass(seed, why, hasExtender: false)
    }

    /// Seeds that once broke a rule, with extenders, and what it took.
    @Test(
        "seeds that once failed, with an extender",
        arguments: [
            (seed: UInt64(940_018), why: "pods were moved to nodes that stand ready, which were bought again"),
            (940_276, "room made for a gang that kube-scheduler binds was taken by others"),
            (950_740, "successors came one by one to a node that stood ready"),
            (953_332, "a pod bound to a node that had just gone was there for ever: the simulation"),
            (954_204, "a nomination of ours on a single pod that kube-scheduler binds was nobody's to take back"),
            (955_050, "work was moved for room that others waited for, and came back, again and again"),
            (954_875, "a deadline was written by a process whose clock was an hour ahead"),
        ])
    func onceFailedWithAnExtender(seed: UInt64, why: String) {
        self.expectPass(seed, why)
    }

    private func expectPass(_ seed: UInt64, _ why: String, hasCloud: Bool = true, hasExtender: Bool = true) {
        var options = ChaosOptions()
        options.hasCloud = hasCloud
        options.hasExtender = hasExtender
        let flags = (hasCloud ? "" : " --no-cloud") + (hasExtender ? "" : " --no-extender")
        #expect(
            ChaosRun.run(seed: seed, options: options).finding == nil,
            "\(why): berth simulate chaos --seeds 1 --from \(seed)\(flags) --trace")
    }
}
