#!/usr/bin/env python3
"""Tells the story of a few gangs on one machine: a fake API server, the controller, and what they do to each other.

usage: demo_live.py BIN [--keep | --capacity]

BIN is the folder with the built `berth` and `fake-apiserver`. With --keep everything stays up until Ctrl-C, and a kubeconfig
for kubectl is printed. With --capacity only the acts about nodes that are bought are played. Everything listens on 127.0.0.1, and is stopped at the end. Nothing is installed: plain Python 3.
"""
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import demo_capacity

PODS = "/api/v1/namespaces/default/pods"
GROUPS = "/apis/scheduling.x-k8s.io/v1alpha1/namespaces/default/podgroups"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Stage:
    """The processes, and calls to them."""

    def __init__(self, binaries, folder, *world, configuration=None):
        """`world` are further arguments of fake-apiserver."""
        folder.mkdir(exist_ok=True)
        self.kubeconfig, ports = folder / "kubeconfig", folder / "ports.json"
        extender = free_port()
        self.audit = folder / "controller.log"
        self.log = open(self.audit, "w")
        self.processes = [
            subprocess.Popen([
                binaries / "fake-apiserver", "--kubeconfig", self.kubeconfig, "--kubelets", "--scheduler",
                "--extender", f"http://127.0.0.1:{extender}", *world,
            ], stdout=subprocess.DEVNULL)
        ]
        self.wait_for("the API server", self.kubeconfig.exists)
        self.server = next(line.split('"')[1] for line in self.kubeconfig.read_text().splitlines() if "server:" in line)
        self.processes.append(
            subprocess.Popen([
                binaries / "berth", "controller", "--kubeconfig", self.kubeconfig, "--lease-namespace", "default",
                "--http-listen", "127.0.0.1:0", "--extender-listen", f"127.0.0.1:{extender}", "--ports-file", ports,
                *(["--config", configuration] if configuration else []),
            ], stderr=self.log))
        self.wait_for("the controller", ports.exists)
        self.pages = f"http://127.0.0.1:{json.loads(ports.read_text())['http']}"

    def wait_for(self, what, is_so, seconds=20):
        """Looks ten times a second; a stage on which nothing happens is a failed demo."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = is_so()
            if value:
                return value
            if any(process.poll() is not None for process in self.processes):
                break
            time.sleep(0.1)
        sys.exit(f"demo: did not happen within {seconds} s: {what}")

    def call(self, method, path, body=None, kind="application/json"):
        request = urllib.request.Request(self.server + path, method=method, data=body and json.dumps(body).encode())
        request.add_header("Content-Type", kind)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def page(self, path):
        with urllib.request.urlopen(self.pages + path, timeout=10) as answer:
            return answer.read().decode()

    def pods(self):
        return {pod["metadata"]["name"]: pod for pod in self.call("GET", PODS)["items"]}

    def records(self):
        """What the controller has logged, the audit record among it."""
        return [json.loads(line) for line in self.audit.read_text().splitlines() if line.startswith("{")]

    def cards(self, name):
        """The cards that the controller meant when it let a pod go, from the audit record."""
        for record in self.records():
            if record.get("action") == "release" and record.get("pod") == name:
                return record["devices"]
        return []

    def stop(self):
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait(timeout=20)


def shared_node(name, cards, slots):
    """A node whose cards are time-sliced, as GPU feature discovery labels it."""
    amounts = {"cpu": "96", "memory": "1000Gi", "pods": "110", "nvidia.com/gpu": str(cards * slots)}
    labels = {
        "kubernetes.io/hostname": name, "nvidia.com/gpu.product": "Tesla-T4-SHARED", "nvidia.com/gpu.memory": "15360",
        "nvidia.com/gpu.count": str(cards), "nvidia.com/gpu.replicas": str(slots),
        "nvidia.com/gpu.sharing-strategy": "time-slicing",
    }
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels},
        "status": {"capacity": amounts, "allocatable": amounts, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def pod_group(name, minimum):
    return {
        "apiVersion": "scheduling.x-k8s.io/v1alpha1", "kind": "PodGroup", "metadata": {"name": name},
        "spec": {"minMember": minimum},
    }


def pod(name, gpus, group=None, priority_class=None, annotations=None):
    amounts = {"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": str(gpus)}
    spec = {"terminationGracePeriodSeconds": 1, "containers": [{"name": "main", "image": "none", "resources": {"requests": amounts, "limits": amounts}}]}
    if priority_class:
        spec["priorityClassName"] = priority_class
    metadata = {"name": name, "labels": {}, "annotations": annotations or {}}
    if group:
        metadata["labels"]["scheduling.x-k8s.io/pod-group"] = group
        spec["schedulingGates"] = [{"name": "berth.dev/placement"}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def node_of(state):
    return state["spec"].get("nodeName", "")


def condition(state, kind):
    return next((c for c in state.get("status", {}).get("conditions", []) if c["type"] == kind), {})


def say(text=""):
    print(text, flush=True)


def tell(stage):
    say("A cluster of 4 nodes with 8 GPUs each. A notebook takes two GPUs; kube-scheduler asks our extender where.")
    stage.call("POST", PODS, pod("notebook", 2))
    where = stage.wait_for("the notebook runs", lambda: stage.pods()["notebook"]["status"].get("phase") == "Running" and node_of(stage.pods()["notebook"]))
    say(f"    notebook runs on {where}\n")

    say("A gang of four trainers, 8 GPUs each, all or nothing. Three nodes are free. It waits whole, and holds nothing:")
    stage.call("POST", GROUPS, pod_group("train", 4))
    for rank in range(4):
        stage.call("POST", PODS, pod(f"train-{rank}", 8, group="train"))
    waits = stage.wait_for("the gang is told why it waits", lambda: condition(stage.pods()["train-0"], "berth.dev/Placed").get("reason") == "InsufficientGPUs" and condition(stage.pods()["train-0"], "berth.dev/Placed"))
    say(f"    {waits['message']}\n")
    assert all(not node_of(stage.pods()[f"train-{rank}"]) for rank in range(4))

    say("The notebook is closed. The gang is let go at once, each rank pinned to its planned node:")
    start = time.monotonic()
    stage.call("DELETE", PODS + "/notebook")
    members = lambda: [stage.pods()[f"train-{rank}"] for rank in range(4)]
    stage.wait_for("the gang runs", lambda: all(member["status"].get("phase") == "Running" for member in members()))
    for rank, member in enumerate(members()):
        say(f"    rank {rank}: train-{rank} on {node_of(member)}")
    say(f"    all four run {time.monotonic() - start:.1f} s after the notebook was told to go\n")

    tell_of_sharing(stage)
    tell_of_shrinking(stage)

    say("One GPU more is asked for. Why not?   (GET /explain/default/late)")
    stage.call("POST", PODS, pod("late", 1))
    stage.wait_for("late is in the plan", lambda: "late" in stage.page("/plan"))
    say("".join(f"    {line}\n" for line in stage.page("/explain/default/late").splitlines()[:8]))

    say("What the controller counts   (GET /metrics)")
    for line in stage.page("/metrics").splitlines():
        if line.startswith(("berth_actions_total", "berth_gpus", "berth_pending", "berth_extender_calls")):
            say(f"    {line}")


def tell_of_sharing(stage):
    say("A node of 2 time-sliced cards, 4 slots each, comes in. A pair of workers would take two slots; one card would do, and be slow:")
    stage.call("POST", "/api/v1/nodes", shared_node("t4-0", 2, 4))
    stage.call("POST", GROUPS, pod_group("pair", 2))
    for rank in range(2):
        stage.call("POST", PODS, pod(f"pair-{rank}", 1, group="pair", annotations={"berth.dev/gpu-sharing": "allowed"}))
    members = lambda: [stage.pods()[f"pair-{rank}"] for rank in range(2)]
    stage.wait_for("the pair runs", lambda: all(member["status"].get("phase") == "Running" for member in members()))
    cards = [stage.cards(f"pair-{rank}") for rank in range(2)]
    for rank, member in enumerate(members()):
        say(f"    rank {rank}: pair-{rank} on {node_of(member)}, card {cards[rank][0]}")
    assert cards[0] != cards[1], cards
    say("    distinct cards, for the job's own sake\n")


def tell_of_shrinking(stage):
    say("The trainers are done. An elastic sweep of low priority, 2 to 4 members, takes all four nodes.")
    for rank in range(4):
        stage.call("DELETE", f"{PODS}/train-{rank}")
    stage.call("POST", GROUPS, pod_group("sweep", 2))
    for rank in range(4):
        stage.call("POST", PODS, pod(f"sweep-{rank}", 8, group="sweep"))
    alive = lambda name: [p for n, p in stage.pods().items() if n.startswith(name) and p["status"].get("phase") == "Running"]
    stage.wait_for("the sweep runs", lambda: len(alive("sweep")) == 4)
    say("Then two members of urgent work come. The sweep is shrunk to its minimum, and goes on:")
    stage.call("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", {"metadata": {"name": "urgent"}, "value": 1000})
    stage.call("POST", GROUPS, pod_group("urgent", 2))
    for rank in range(2):
        stage.call("POST", PODS, pod(f"urgent-{rank}", 8, group="urgent", priority_class="urgent"))
    stage.wait_for("the urgent gang runs", lambda: len(alive("urgent")) == 2)
    for member in sorted(alive("urgent") + alive("sweep"), key=lambda p: p["metadata"]["name"]):
        say(f"    {member['metadata']['name']} on {node_of(member)}")
    assert len(alive("sweep")) == 2, stage.pods().keys()
    say("    the sweep kept its 2 members\n")


def main():
    binaries, keep = pathlib.Path(sys.argv[1]), "--keep" in sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="berth-demo-") as folder:
        folder = pathlib.Path(folder)
        demo_capacity.play(Stage, binaries, folder / "capacity")
        if "--capacity" in sys.argv[2:]:
            return
        say("--- and on nodes that are there: what gangs do to each other ---\n")
        stage = Stage(binaries, folder / "live", "--nodes", "4xgpu:8")
        try:
            tell(stage)
            say(f"\nThe same plan as a dry run:   berth plan --kubeconfig {stage.kubeconfig}")
            subprocess.run([binaries / "berth", "plan", "--kubeconfig", stage.kubeconfig], check=False)
            if keep:
                say(f"\nStill up. kubectl --kubeconfig {stage.kubeconfig} get pods;   pages: {stage.pages};   Ctrl-C ends it.")
                while True:
                    time.sleep(1)
        except KeyboardInterrupt:
            say()
        finally:
            stage.stop()


main()
