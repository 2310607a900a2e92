"""Runs `berth controller` as manifests/ deploys it: applied with kubectl, under its service account's token, with its arguments and its
configuration. A permission that is missing fails it, and so does one that nothing needed.

usage: controller.py BIN KUBECTL
"""

import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import yaml

BINARIES, KUBECTL = pathlib.Path(sys.argv[1]), sys.argv[2]
NAMESPACE, ACCOUNT = "berth-system", "berth"
PODS = "/api/v1/namespaces/default/pods"
GROUPS = "/apis/scheduling.k8s.io/v1alpha2/namespaces/default/podgroups"
# Seconds until something that should happen has not.
PATIENCE = 90


class Door(http.server.BaseHTTPRequestHandler):
    """Lets kubectl in as the administrator: it shows no token to a server without TLS."""

    protocol_version = "HTTP/1.1"
    address = token = ""

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
        request = urllib.request.Request(self.address + self.path, method=self.command, data=body)
        for name in ("Content-Type", "Accept"):
            if self.headers.get(name):
                request.add_header(name, self.headers[name])
        request.add_header("Authorization", f"Bearer {self.token}")
        try:
            answer = urllib.request.urlopen(request, timeout=30)
        except urllib.error.HTTPError as refusal:
            answer = refusal
        with answer:
            content = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward

    def log_message(self, *_):
        pass


class Server:
    """The fake API server, as its administrator."""

    def __init__(self, folder):
        self.kubeconfig = folder / "admin"
        self.process = subprocess.Popen(
            [BINARIES / "fake-apiserver", "--auth", "--kubeconfig", self.kubeconfig, "--nodes", "3xgpu:8", "--kubelets",
             "--scheduler", "--pod-groups"],
            stdout=subprocess.DEVNULL)
        wait_for("the API server is up", self.kubeconfig.exists)
        config = yaml.safe_load(self.kubeconfig.read_text())
        self.address = config["clusters"][0]["cluster"]["server"]
        self.token = config["users"][0]["user"]["token"]
        Door.address, Door.token = self.address, self.token
        door = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
        door.daemon_threads = True
        threading.Thread(target=door.serve_forever, daemon=True).start()
        self.door = f"http://127.0.0.1:{door.server_address[1]}"

    def call(self, method, path, body=None, kind="application/json"):
        request = urllib.request.Request(self.address + path, method=method, data=body and json.dumps(body).encode())
        request.add_header("Content-Type", kind)
        request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def kubectl(self, *arguments, text=None):
        done = subprocess.run(
            [KUBECTL, "--server", self.door, *arguments], input=text, text=True, capture_output=True, timeout=60)
        if done.returncode:
            sys.exit(f"e2e: kubectl {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def served(self):
        """(group, plural) of what there is."""
        found = {("", resource["name"]) for resource in self.call("GET", "/api/v1")["resources"]}
        for group in self.call("GET", "/apis")["groups"]:
            for version in group["versions"]:
                resources = self.call("GET", "/apis/" + version["groupVersion"])["resources"]
                found |= {(group["name"], resource["name"]) for resource in resources}
        return found

    def kinds(self):
        kinds = {("v1", resource["kind"]) for resource in self.call("GET", "/api/v1")["resources"]}
        for group in self.call("GET", "/apis")["groups"]:
            for version in group["versions"]:
                name = version["groupVersion"]
                kinds |= {(name, resource["kind"]) for resource in self.call("GET", "/apis/" + name)["resources"]}
        return kinds


def wait_for(what, is_so):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = is_so()
        if value:
            print(f"e2e: {what}", flush=True)
            return value
        time.sleep(0.1)
    raise SystemExit(f"e2e: did not happen within {PATIENCE} s: {what}")


def deploy(server, folder):
    """Applies what the server has room for; returns the controller's arguments and the granted rights."""
    text = subprocess.run([KUBECTL, "kustomize", "manifests/base"], check=True, text=True, capture_output=True).stdout
    objects, kinds = list(yaml.safe_load_all(text)), server.kinds()
    known = [o for o in objects if (o["apiVersion"], o["kind"]) in kinds]
    # The namespace first, by itself: what is in it comes after.
    for part in (known[:1], known[1:]):
        server.kubectl("apply", "--validate=false", "-f", "-", text=yaml.safe_dump_all(part))
    passed_over = sorted(o["kind"] for o in objects if o not in known)
    print(f"e2e: {len(known)} objects applied; not served here: {', '.join(passed_over)}", flush=True)
    deployment = next(o for o in objects if o["kind"] == "Deployment")["spec"]["template"]["spec"]
    assert deployment["serviceAccountName"] == ACCOUNT
    configuration = folder / "berth.yaml"
    configuration.write_text(next(o for o in objects if o["kind"] == "ConfigMap")["data"]["berth.yaml"])
    places = {"/etc/berth/berth.yaml": str(configuration), ":8080": "127.0.0.1:0"}
    arguments = []
    for argument in deployment["containers"][0]["args"]:
        name, equal, value = argument.partition("=")
        arguments.append(name + equal + places.get(value, value))
    rights = {
        (group, resource, verb)
        for o in objects if o["kind"] in ("Role", "ClusterRole")
        for rule in o["rules"] for group in rule["apiGroups"] for resource in rule["resources"] for verb in rule["verbs"]
    }
    return arguments, rights


def start(server, folder, arguments):
    """The controller, with the token that the kubelet would mount."""
    token = server.call(
        "POST", f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{ACCOUNT}/token",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})["status"]["token"]
    config = yaml.safe_load(server.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    own, ports = folder / "own", folder / "ports.json"
    own.write_text(yaml.safe_dump(config))
    log = open(folder / "controller.log", "w")
    process = subprocess.Popen(
        [BINARIES / "berth", *arguments, "--kubeconfig", own, "--lease-namespace", NAMESPACE, "--ports-file", ports],
        stderr=log)
    wait_for("the controller is ready", lambda: ports.exists() or process.poll() is not None)
    if not ports.exists():
        sys.exit((folder / "controller.log").read_text())
    return process, f"http://127.0.0.1:{json.loads(ports.read_text())['http']}"


def pod(name, gpus, *, gated=False, group=None, priority_class=None):
    limits = {"nvidia.com/gpu": str(gpus)}
    spec = {"containers": [{"name": "main", "image": "none", "resources": {"limits": limits}}]}
    spec["terminationGracePeriodSeconds"] = 1
    if gated:
        spec["schedulingGates"] = [{"name": "berth.dev/placement"}]
    else:
        spec["schedulerName"] = "berth"
    if priority_class:
        spec["priorityClassName"] = priority_class
    if group:
        spec["schedulingGroup"] = {"podGroupName": group}
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "work", "uid": "work", "controller": True}
    return {"metadata": {"name": name, "ownerReferences": [owner]}, "spec": spec}


def story(server):
    """Makes the controller do each thing it has a right for."""
    def state(name):
        return server.call("GET", f"{PODS}/{name}")

    def condition(object):
        conditions = object.get("status", {}).get("conditions", [])
        return next((c for c in conditions if c["type"] == "berth.dev/Placed"), {})

    def is_gone(name):
        return name not in {p["metadata"]["name"] for p in server.call("GET", PODS)["items"]}

    # The first binding meets a conflict, and the pod is looked at afresh.
    conflict = {"method": "POST", "path": "/binding", "fault": "status", "code": 409, "times": 1}
    server.call("POST", "/fake/faults", {"seed": 1, "rules": [conflict]})
    server.call("POST", PODS, pod("bound", 8))
    wait_for("a pod is bound after a conflict", lambda: state("bound")["spec"].get("nodeName"))
    server.call("POST", PODS, pod("gated", 8, gated=True))
    wait_for("a gated pod is let go", lambda: not state("gated")["spec"].get("schedulingGates"))
    server.call("POST", GROUPS, {
        "apiVersion": "scheduling.k8s.io/v1alpha2", "kind": "PodGroup", "metadata": {"name": "gang"},
        "spec": {"schedulingPolicy": {"gang": {"minCount": 2}}},
    })
    server.call("POST", PODS, pod("gang-0", 8, group="gang"))
    wait_for("a pod is told why it waits", lambda: condition(state("gang-0")).get("reason") == "TooFewMembers")
    wait_for(
        "its gang is told, too", lambda: condition(server.call("GET", f"{GROUPS}/gang")).get("reason") == "TooFewMembers")
    wait_for("events are there", lambda: {"Pod", "PodGroup"} <= {
        event["regarding"]["kind"] for event in server.call("GET", "/apis/events.k8s.io/v1/namespaces/default/events")["items"]})
    server.call("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", {"metadata": {"name": "urgent"}, "value": 1000})
    for name in ("urgent", "urgent-too"):
        server.call("POST", PODS, pod(name, 8, priority_class="urgent"))
    wait_for("lower priority gives way", lambda: is_gone("bound") or is_gone("gated"))
    wait_for("urgent work runs", lambda: state("urgent")["spec"].get("nodeName") and state("urgent-too")["spec"].get("nodeName"))


def check(server, pages, rights, log):
    with urllib.request.urlopen(pages + "/metrics", timeout=10) as answer:
        metrics = answer.read().decode()
    forbidden = [line for line in metrics.splitlines() if line.startswith("berth_api_requests_total") and '"403"' in line]
    served = server.served()

    def used():
        user = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"
        return {
            (right["apiGroup"], right["resource"], right["verb"])
            for right in server.call("GET", "/fake/permissions") if right["user"] == user
        }

    def is_idle(right):
        group, resource, verb = right
        # A list stands in where a server cannot stream it.
        other = {"list": "watch", "watch": "list"}.get(verb)
        return right not in seen and (group, resource, other) not in seen and (group, resource.split("/")[0]) in served

    # The lease is renewed every two seconds.
    end = time.monotonic() + 20
    while True:
        seen = used()
        idle = sorted(filter(is_idle, rights))
        if not idle or time.monotonic() > end:
            break
        time.sleep(0.2)
    complaints = [line for line in log.read_text().splitlines() if line.startswith(("error:", "warning:"))]
    if complaints:
        sys.exit("e2e: the configuration in the manifests is not understood:\n" + "\n".join(complaints))
    if forbidden:
        missing = [line for line in log.read_text().splitlines() if "forbidden" in line]
        sys.exit("e2e: rights are missing:\n" + "\n".join(forbidden + missing))
    if idle:
        sys.exit("e2e: rights that nothing needed:\n" + "\n".join(map(str, idle)))
    print(f"e2e: {len(seen)} rights were used, {len(rights)} are granted, none is missing, none of what is served is idle")


def main():
    with tempfile.TemporaryDirectory(prefix="berth-e2e-") as name:
        folder = pathlib.Path(name)
        os.environ["HOME"] = name
        server, controller = Server(folder), None
        try:
            arguments, rights = deploy(server, folder)
            controller, pages = start(server, folder, arguments)
            story(server)
            check(server, pages, rights, folder / "controller.log")
        except BaseException:
            log = folder / "controller.log"
            if log.exists():
                print(log.read_text()[-4000:], file=sys.stderr)
            raise
        finally:
            for process in (controller, server.process):
                if process:
                    process.terminate()
                    process.wait(timeout=60)
    print("e2e: the controller passed")


main()
