"""The acts about nodes that are bought: a fake API server that simulates Cluster API, and the controller that buys from it.

Played by demo_live.py. Prices are made up; what happens is the product's own doing.
"""
import time

NODES = "/api/v1/nodes"
PODS = "/api/v1/namespaces/default/pods"
GROUPS = "/apis/scheduling.x-k8s.io/v1alpha1/namespaces/default/podgroups"
DEPLOYMENTS = "/apis/cluster.x-k8s.io/v1beta1/namespaces/machines/machinedeployments"
CAPACITY = "capacity.cluster-autoscaler.kubernetes.io"
# USD an hour for a machine of 8 GPUs.
ON_DEMAND = 22.0

CONFIGURATION = """\
apiVersion: berth.dev/v1alpha1
kind: BerthConfiguration
pools:
- name: trainers
  instanceTypes: [box]
  zones: [north, south]
  capacityTypes: [spot]
  machineTypes: [{name: box, cpu: 96, memoryMiB: 1048576, deviceCount: 8, monthlyInterruptionPercent: 5}]
  prices:
  - {instanceType: box, capacityType: spot, zone: north, usdPerHour: 8}
  - {instanceType: box, capacityType: spot, zone: south, usdPerHour: 9}
  provider:
    clusterAPI:
      namespace: machines
      kind: MachineDeployment
      groups: [{name: spot-north, zone: north}, {name: spot-south, zone: south}]
capacity: {emptyDelaySeconds: 2, consolidateAfterSeconds: 2}
"""


def say(text=""):
    print(text, flush=True)


def machine_deployment(zone, machines):
    """A group of machines of which its cloud has so many."""
    annotations = {
        f"{CAPACITY}/cpu": "96", f"{CAPACITY}/memory": "1000Gi", f"{CAPACITY}/gpu-count": "8",
        f"{CAPACITY}/labels": f"topology.kubernetes.io/zone={zone}",
        "fake-apiserver.berth.dev/capacity": str(machines),
    }
    return {"metadata": {"name": f"spot-{zone}", "annotations": annotations}, "spec": {"replicas": 0}}


def trainer(rank):
    """A member of the gang as its Job makes it."""
    amounts = {"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": "8"}
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "llm", "uid": "job", "controller": True}
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": f"llm-{rank}", "labels": {"scheduling.x-k8s.io/pod-group": "llm"}, "ownerReferences": [owner],
            "annotations": {"berth.dev/topology-required": "zone"},
        },
        "spec": {
            "terminationGracePeriodSeconds": 1, "schedulingGates": [{"name": "berth.dev/placement"}],
            "containers": [{"name": "main", "image": "none", "resources": {"requests": amounts, "limits": amounts}}],
        },
    }


def single(name, gpus):
    """A pod of a Job of its own."""
    pod = trainer(0)
    pod["metadata"] = {"name": name, "ownerReferences": pod["metadata"]["ownerReferences"]}
    for amounts in pod["spec"]["containers"][0]["resources"].values():
        amounts["nvidia.com/gpu"] = str(gpus)
    return pod


class Play:
    def __init__(self, stage):
        self.stage = stage

    def size(self, zone):
        return self.stage.call("GET", f"{DEPLOYMENTS}/spot-{zone}")["spec"]["replicas"]

    def runs_on(self, rank):
        return self.node_of(f"llm-{rank}")

    def node_of(self, name):
        pod = self.stage.pods().get(name, {})
        return pod.get("status", {}).get("phase") == "Running" and pod["spec"].get("nodeName") or ""

    def zone(self, node):
        return self.stage.call("GET", f"{NODES}/{node}")["metadata"]["labels"]["topology.kubernetes.io/zone"]

    def audit(self, action):
        return [r for r in self.stage.records() if r.get("level") == "audit" and r.get("action") == action]

    # Acts

    def waits(self):
        say("One node of 8 GPUs, and a notebook on it. A gang of two trainers comes, 8 GPUs each, in one zone. It does not fit:")
        self.stage.call("POST", "/api/v1/namespaces", {"metadata": {"name": "machines"}})
        for zone, machines in (("north", 1), ("south", 4)):
            self.stage.call("POST", DEPLOYMENTS, machine_deployment(zone, machines))
        notebook = trainer(0)
        notebook["metadata"] = {"name": "notebook"}
        del notebook["spec"]["schedulingGates"]
        notebook["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] = "2"
        notebook["spec"]["containers"][0]["resources"]["requests"]["nvidia.com/gpu"] = "2"
        self.stage.call("POST", PODS, notebook)
        self.stage.wait_for("the notebook has a node", lambda: self.stage.pods()["notebook"]["spec"].get("nodeName"))
        self.start = time.monotonic()
        self.stage.call("POST", GROUPS, {"metadata": {"name": "llm"}, "spec": {"minMember": 2}})
        for rank in range(2):
            self.stage.call("POST", PODS, trainer(rank))
        waits = self.stage.wait_for("the gang is told why it waits", lambda: next((
            c for c in self.stage.pods()["llm-0"].get("status", {}).get("conditions", [])
            if c["type"] == "berth.dev/Placed" and c["status"] == "False"), None))
        say(f"    {waits['message']}\n")

    def buys(self):
        say("So the controller buys two machines, together and in one zone. North is cheapest, at $8 an hour; it has one left, and half a gang is worth nothing:")
        refused = self.stage.wait_for("north says no", lambda: next((
            r for r in self.stage.records()
            if r.get("message") == "launch" and r.get("result") == "refused_noCapacity"), None), seconds=40)
        say(f"    launch of {refused['nodes']} x {refused['offering']}: {refused['result']}")
        self.stage.wait_for("north is as it was", lambda: self.size("north") == 0)
        say("    north is back at 0 machines. South is next, at $9:")
        self.stage.wait_for("the gang runs", lambda: self.runs_on(0) and self.runs_on(1), seconds=60)
        for rank in range(2):
            node = self.runs_on(rank)
            say(f"    rank {rank}: llm-{rank} on {node} in {self.zone(node)}")
            assert self.zone(node) == "south"
        say(f"    whole, {time.monotonic() - self.start:.0f} s after it was asked for\n")

    def is_noticed(self):
        self.lost, self.kept = self.runs_on(0), self.runs_on(1)
        self.survivor = self.stage.pods()["llm-1"]["metadata"]["uid"]
        say(f"The cloud wants {self.lost} back in 25 seconds (GKE's termination taint). Both ranks are told by when to write a checkpoint:")
        taint = {"key": "cloud.google.com/impending-node-termination", "effect": "NoSchedule"}
        self.stage.call("PATCH", f"{NODES}/{self.lost}", {"spec": {"taints": [taint]}}, "application/merge-patch+json")
        def marks():
            pods = self.stage.pods()
            found = [pods[f"llm-{rank}"]["metadata"].get("annotations", {}).get("berth.dev/checkpoint-by") for rank in range(2)]
            return all(found) and found
        for rank, mark in enumerate(self.stage.wait_for("both ranks are told", marks)):
            say(f"    llm-{rank}   berth.dev/checkpoint-by: {mark}")
        notice = self.audit("notice_noticed")[0]
        say(f"    the node goes at {notice['taken']}; it is tainted, and nothing new comes to it\n")

    def replaces(self):
        say("The replacement is bought at once, in the zone where the other rank stands. Only then rank 0 is evicted; its Job makes it anew:")
        self.stage.wait_for("rank 0 is evicted", lambda: "llm-0" not in self.stage.pods(), seconds=60)
        self.stage.call("POST", PODS, trainer(0))
        node = self.stage.wait_for("rank 0 runs again", lambda: self.runs_on(0), seconds=60)
        launched, evicted = self.audit("launch")[-1], self.audit("evict")[0]
        say(f"    {launched['time'][11:19]}   1 x {launched['offering']} asked for")
        say(f"    {evicted['time'][11:19]}   llm-0 evicted from {evicted['interruptedNode']}")
        say(f"    rank 0: llm-0 on {node}; rank 1 never left {self.kept}")
        assert launched["time"] < evicted["time"], "the replacement came after the eviction"
        assert node != self.lost and self.zone(node) == "south"
        assert self.stage.pods()["llm-1"]["metadata"]["uid"] == self.survivor
        say()

    def gives_back(self):
        say("The training is done. Nobody wants the nodes any more, and they are given back:")
        for rank in range(2):
            self.stage.call("DELETE", f"{PODS}/llm-{rank}")
        self.stage.wait_for("the machines are given back", lambda: self.size("south") == 0, seconds=60)
        self.stage.wait_for("the claims are gone", lambda: not self.stage.call(
            "GET", "/api/v1/namespaces/default/configmaps?labelSelector=berth.dev%2Flaunch-claim")["items"], seconds=60)
        say("    0 machines in north, 0 in south, and no claim left\n")

    def moves(self):
        say("An evaluation of 6 GPUs fills the first node, and a sweep of 4 gets a machine of its own. Then the evaluation ends, and the sweep would fit beside the notebook:")
        self.stage.call("POST", PODS, single("evaluation", 6))
        first = self.stage.wait_for("the evaluation runs", lambda: self.node_of("evaluation"))
        self.stage.call("POST", PODS, single("sweep", 4))
        bought = self.stage.wait_for("the sweep runs", lambda: self.node_of("sweep"), seconds=60)
        assert bought != first
        self.stage.call("DELETE", f"{PODS}/evaluation")
        self.stage.wait_for("the sweep is asked to go", lambda: "sweep" not in self.stage.pods(), seconds=90)
        self.stage.call("POST", PODS, single("sweep", 4))
        self.stage.wait_for("the sweep runs on the first node", lambda: self.node_of("sweep") == first, seconds=60)
        evicted = next(r for r in self.audit("evict") if r.get("emptiedNode"))
        say(f"    {evicted['time'][11:19]}   {evicted['pod']} moved off {evicted['emptiedNode']}, once it was proven that it fits elsewhere")
        self.stage.wait_for("the machine is given back", lambda: self.size("north") + self.size("south") == 0, seconds=60)
        say(f"    the sweep goes on on {first}, and the machine is given back\n")
        self.stage.call("DELETE", f"{PODS}/sweep")

    def pays(self):
        """As the controller counts it."""
        def metric(name):
            lines = [line for line in self.stage.page("/metrics").splitlines() if line.startswith(name + "{")]
            return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

        self.stage.wait_for("no machine is held", lambda: metric("berth_bought_machines") == 0)
        say("The bill   (GET /metrics)")
        for line in self.stage.page("/metrics").splitlines():
            if line.startswith(("berth_machine_events_total{", "berth_machine_seconds_total{", "berth_spend_usd_total{")):
                say(f"    {line}")
        hours, dollars = metric("berth_machine_seconds_total") / 3600, metric("berth_spend_usd_total")
        say(f"    together ${dollars:.3f}; on demand, at ${ON_DEMAND:.0f} an hour, ${hours * ON_DEMAND:.3f}\n")
        assert 0 < dollars < hours * ON_DEMAND


def play(stage_type, binaries, folder):
    folder.mkdir()
    configuration = folder / "berth.yaml"
    configuration.write_text(CONFIGURATION)
    stage = stage_type(binaries, folder, "--nodes", "1xgpu:8", "--machines", configuration=configuration)
    try:
        acts = Play(stage)
        acts.waits()
        acts.buys()
        acts.is_noticed()
        acts.replaces()
        acts.gives_back()
        acts.moves()
        acts.pays()
    finally:
        stage.stop()
