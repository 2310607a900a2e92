#!/usr/bin/env python3
"""Measures the extender over HTTP: the built controller on a fake cluster, asked over loopback at a steady rate.

usage: bench_extender.py BIN [--nodes 5000] [--rate 500] [--full-rate 2] [--seconds 20]

BIN is the folder with release builds of `berth` and `fake-apiserver`. Filter and prioritize are asked side by side, each over a connection of
its own at half of the rate, for pods that the plan knows, with every node in each question; first with node names (nodeCacheCapable), then with
whole nodes at --full-rate, since those bodies have megabytes. A call's time begins when it was due, so that a late answer makes the
next ones late too. One JSON line per verb and mode, in milliseconds. Nothing is installed: plain Python 3.
"""
import argparse
import gc
import json
import multiprocessing
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.request


def bound_pods(nodes, per_node):
    """Nodes are filled to 0 to 7 GPUs, two pods each at most."""
    for index in range(nodes):
        left = index % 8
        for part in range(per_node):
            gpus = left - left // 2 if part == 0 else left // 2
            if gpus:
                yield pod(f"held-{index}-{part}", gpus, f"gpu-{index}")


def pod(name, gpus, node=None):
    amounts = {"cpu": "4", "memory": "32Gi", "nvidia.com/gpu": str(gpus)}
    spec = {"containers": [{"name": "main", "image": "none", "resources": {"requests": amounts, "limits": amounts}}]}
    if node:
        spec["nodeName"] = node
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def wait_for(what, is_so, seconds=600):
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise SystemExit(f"bench: did not happen within {seconds} s: {what}")
        time.sleep(0.2)


def get(address):
    with urllib.request.urlopen(address, timeout=120) as answer:
        return json.load(answer)


class Caller(multiprocessing.Process):
    """Asks one verb at a steady rate over one connection. A process of its own, without garbage collections: nothing but the answer is to be
    waited for."""

    def __init__(self, port, verb, bodies, rate, count):
        super().__init__()
        self.port, self.verb, self.bodies, self.rate, self.count = port, verb, bodies, rate, count
        self.results, self.times = multiprocessing.Queue(), []

    def run(self):
        gc.disable()
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                begin = time.perf_counter() + 0.1
                for index in range(self.count):
                    due = begin + index / self.rate
                    while (wait := due - time.perf_counter()) > 0:
                        time.sleep(max(0, wait - 0.0002))
                    self.ask(connection, self.bodies[index % len(self.bodies)])
                    self.times.append(time.perf_counter() - due)
            self.results.put(self.times)
        except (OSError, AssertionError) as error:
            self.results.put(str(error))

    def ask(self, connection, body):
        head = f"POST /{self.verb} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        answer = bytearray()
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self.receive(connection)
        status, *fields = bytes(answer[:end]).decode().split("\r\n")
        assert status.split()[1] == "200", status
        length = next(int(f.split(":")[1]) for f in fields if f.lower().startswith("content-length"))
        left = length - (len(answer) - end - 4)
        while left > 0:
            left -= len(self.receive(connection))

    def receive(self, connection):
        piece = connection.recv(1 << 20)
        assert piece, "the connection was closed"
        return piece


def measure(port, mode, bodies, rate, seconds, nodes):
    callers = [Caller(port, verb, bodies, rate / 2, int(rate / 2 * seconds)) for verb in ("filter", "prioritize")]
    for caller in callers:
        caller.start()
    for caller in callers:
        times = caller.results.get()
        caller.join()
        if isinstance(times, str):
            raise SystemExit(f"bench: {caller.verb}: {times}")
        times.sort()
        print(json.dumps({
            "verb": caller.verb, "mode": mode, "nodes": nodes, "callsPerSecond": rate, "calls": len(times),
            "bodyBytes": len(bodies[0]),
            **{f"p{part}": round(times[len(times) * part // 100] * 1e3, 2) for part in (50, 90, 95, 99)},
            "max": round(times[-1] * 1e3, 2),
        }), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binaries", type=pathlib.Path)
    parser.add_argument("--nodes", type=int, default=5000)
    parser.add_argument("--rate", type=float, default=500)
    parser.add_argument("--full-rate", type=float, default=2)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as name:
        folder = pathlib.Path(name)
        pods = list(bound_pods(options.nodes, 2)) + [pod(f"ask-{index}", 1 + index % 4) for index in range(64)]
        (folder / "pods.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}))
        kubeconfig, ports = folder / "kubeconfig", folder / "ports.json"
        processes = [subprocess.Popen([
            options.binaries / "fake-apiserver", "--kubeconfig", kubeconfig, "--nodes", f"{options.nodes}xgpu:8", "--load",
            folder / "pods.json",
        ], stdout=subprocess.DEVNULL)]
        try:
            wait_for("the API server is up", kubeconfig.exists)
            server = next(line.split('"')[1] for line in kubeconfig.read_text().splitlines() if "server:" in line)
            # Nothing but the questions is to happen: a controller that acts would bind what is asked about.
            processes.append(subprocess.Popen([
                options.binaries / "berth", "controller", "--kubeconfig", kubeconfig, "--dry-run", "--http-listen",
                "127.0.0.1:0", "--extender-listen", "127.0.0.1:0", "--ports-file", ports,
            ], stderr=subprocess.DEVNULL))
            wait_for("the controller is ready", ports.exists)
            port = json.loads(ports.read_text())["extender"]
            nodes = get(f"{server}/api/v1/nodes")["items"]
            asked = [p for p in get(f"{server}/api/v1/pods")["items"] if p["metadata"]["name"].startswith("ask-")]
            names = [node["metadata"]["name"] for node in nodes]
            bodies = [json.dumps({"Pod": p, "Nodes": None, "NodeNames": names}).encode() for p in asked]
            measure(port, "names, warming up", bodies, options.rate, 2, len(names))
            measure(port, "names", bodies, options.rate, options.seconds, len(names))
            whole = {"metadata": {}, "items": nodes}
            bodies = [json.dumps({"Pod": p, "Nodes": whole, "NodeNames": None}).encode() for p in asked[:4]]
            measure(port, "whole nodes", bodies, options.full_rate, options.seconds, len(names))
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait(timeout=60)


main()
