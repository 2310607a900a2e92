"""The Python client against fake-apiserver: list, watch, patch, bind, evict, leases and custom resources."""

import threading

from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException

config.load_kube_config()
core = client.CoreV1Api()


def pod(name, **spec):
    container = {"name": "main", "image": "train:1", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
    spec = {"containers": [container], "terminationGracePeriodSeconds": 1, **spec}
    return {"metadata": {"name": name, "labels": {"job": "py"}}, "spec": spec}


def refused(status, call, *arguments, **options):
    try:
        call(*arguments, **options)
    except ApiException as error:
        assert error.status == status, (error.status, status, error.body)
        return
    raise AssertionError(f"{call.__name__} was not refused with {status}")


def gates(name):
    return core.read_namespaced_pod(name, "default").spec.scheduling_gates


# Lists in pages show one version.
names = {node.metadata.name for node in core.list_node().items}
assert names == {"gpu-0", "gpu-1", "gpu-2"}, names
first = core.list_node(limit=2)
rest = core.list_node(limit=2, _continue=first.metadata._continue)
assert len(first.items) == 2 and len(rest.items) == 1
assert first.metadata.resource_version == rest.metadata.resource_version

# A watch from a list tells what a writer does meanwhile.
version = core.list_namespaced_pod("default").metadata.resource_version
seen = []


def follow():
    stream = watch.Watch()
    for event in stream.stream(
        core.list_namespaced_pod, "default", resource_version=version, label_selector="job=py", timeout_seconds=30
    ):
        seen.append((event["type"], event["object"].metadata.name))
        if event["type"] == "DELETED":
            stream.stop()


follower = threading.Thread(target=follow, daemon=True)
follower.start()
core.create_namespaced_pod("default", pod("one", schedulingGates=[{"name": "berth.dev/placement"}]))
target = {"apiVersion": "v1", "kind": "Node", "name": "gpu-2"}
binding = {"metadata": {"name": "one"}, "target": target}
refused(409, core.create_namespaced_pod_binding, "one", "default", binding, _preload_content=False)
assert [gate.name for gate in gates("one")] == ["berth.dev/placement"]
core.patch_namespaced_pod(
    "one", "default", {"spec": {"schedulingGates": [{"$patch": "delete", "name": "berth.dev/placement"}]}}
)
assert not gates("one")
core.create_namespaced_pod_binding("one", "default", binding, _preload_content=False)
assert core.read_namespaced_pod("one", "default").spec.node_name == "gpu-2"
refused(409, core.create_namespaced_pod_binding, "one", "default", binding, _preload_content=False)

# A budget that allows nothing refuses an eviction; without it the pod goes.
policy = client.PolicyV1Api()
budget = {"metadata": {"name": "keep"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"job": "py"}}}}
policy.create_namespaced_pod_disruption_budget("default", budget)
eviction = {"metadata": {"name": "one"}}
refused(429, core.create_namespaced_pod_eviction, "one", "default", eviction)
policy.delete_namespaced_pod_disruption_budget("keep", "default")
core.create_namespaced_pod_eviction("one", "default", eviction)
follower.join(30)
assert not follower.is_alive(), seen
assert seen[0] == ("ADDED", "one") and seen[-1] == ("DELETED", "one"), seen

# A stale write of a lease loses.
leases = client.CoordinationV1Api()
lease = leases.create_namespaced_lease(
    "default", {"metadata": {"name": "leader"}, "spec": {"holderIdentity": "a", "leaseDurationSeconds": 15}}
)
lease.spec.holder_identity = "b"
leases.replace_namespaced_lease("leader", "default", lease)
refused(409, leases.replace_namespaced_lease, "leader", "default", lease)

print("e2e: Python client passed")
