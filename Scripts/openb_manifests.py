#!/usr/bin/env python3
"""Writes the openb trace as a Kubernetes List: its nodes, and as pending pods the arrivals up to a share of the GPUs.

usage: openb_manifests.py NODES.csv PODS.csv ARRIVALS SEED [PERCENT]  > cluster.json

ARRIVALS is the published table (plain or gzip) whose column seedSEED lists rows of the pod table. Pods that share a GPU
say so with the annotation gpu-fraction. Nothing is installed: plain Python 3.
"""
import csv
import gzip
import json
import sys


def rows(path):
    opener = gzip.open if open(path, "rb").read(2) == b"\x1f\x8b" else open
    with opener(path, "rt") as file:
        yield from csv.DictReader(file)


def node(row):
    gpus = int(row["gpu"])
    labels = {"kubernetes.io/hostname": row["sn"]}
    amounts = {"cpu": f"{row['cpu_milli']}m", "memory": f"{row['memory_mib']}Mi", "pods": "1000"}
    if gpus:
        labels |= {"nvidia.com/gpu.product": row["model"], "nvidia.com/gpu.count": str(gpus)}
        amounts["nvidia.com/gpu"] = str(gpus)
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": row["sn"], "labels": labels},
        "status": {"capacity": amounts, "allocatable": amounts, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def pod(row, arrival):
    count, milli = int(row["num_gpu"]), int(row["gpu_milli"] or 0)
    amounts = {"cpu": f"{row['cpu_milli']}m", "memory": f"{row['memory_mib']}Mi"}
    metadata = {"name": f"arrival-{arrival:05}", "namespace": "openb"}
    if count == 1 and milli < 1000:
        metadata["annotations"] = {"gpu-fraction": str(milli / 1000)}
    elif count:
        amounts["nvidia.com/gpu"] = str(count)
    spec = {"containers": [{"name": "main", "image": "none", "resources": {"requests": amounts, "limits": amounts}}]}
    models = [model for model in (row.get("gpu_spec") or "").split("|") if model]
    if models and count:
        terms = [{"matchExpressions": [{"key": "nvidia.com/gpu.product", "operator": "In", "values": models}]}]
        spec["affinity"] = {
            "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
        }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {"phase": "Pending"}}


def main():
    nodes_file, pods_file, arrivals_file, seed = sys.argv[1:5]
    percent = float(sys.argv[5]) if len(sys.argv) > 5 else 100
    nodes, pods = list(rows(nodes_file)), list(rows(pods_file))
    limit = sum(int(row["gpu"]) for row in nodes) * 10 * percent
    asked, items = 0, [node(row) for row in nodes]
    for arrival, line in enumerate(rows(arrivals_file)):
        if not line[f"seed{seed}"]:
            break
        row = pods[int(line[f"seed{seed}"])]
        count = int(row["num_gpu"])
        asked += count * (int(row["gpu_milli"]) if count == 1 else 1000)
        if asked > limit:
            break
        items.append(pod(row, arrival))
    json.dump({"apiVersion": "v1", "kind": "List", "items": items}, sys.stdout)


main()
