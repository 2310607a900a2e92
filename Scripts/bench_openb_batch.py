#!/usr/bin/env python3
"""Plans openb traces as one batch with `berth plan` and prints how far the plan is from the bound it proves itself.

usage: bench_openb_batch.py BERTH TRACES [SEEDS] [TRACE ...]

BERTH is the release executable, TRACES the folder with the node and pod lists and arrivals/, SEEDS a comma-separated list
(42-46 if missing), TRACE a trace's name (default and gpuspec33 if missing). The pods are those that arrive until they ask
for as many GPUs as there are. Figures are GPUs left unallocated in percent. Nothing is installed: plain Python 3.
"""
import json
import pathlib
import resource
import subprocess
import sys
import tempfile

MANIFESTS = pathlib.Path(__file__).with_name("openb_manifests.py")


def plan(berth, folder, trace, seed):
    """GPUs there are, served and servable at most, and the seconds of CPU that it took to find out."""
    files = [f"{folder}/openb_node_list_gpu_node.csv", f"{folder}/openb_pod_list_{trace}.csv", f"{folder}/arrivals/{trace}_pods.csv.gz"]
    with tempfile.NamedTemporaryFile(suffix=".json") as cluster:
        subprocess.run([sys.executable, MANIFESTS, *files, str(seed)], check=True, stdout=cluster)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        run = subprocess.run([berth, "plan", "-f", cluster.name, "-o", "json"], capture_output=True, text=True)
        seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    # 0: all placed; 3: some pods wait.
    if run.returncode not in (0, 3):
        sys.exit(run.stderr)
    summary = json.loads(run.stdout)["summary"]
    return summary["gpusAllocatable"], summary["servedGPUs"], summary["servableGPUsAtMost"], seconds


def main():
    berth, folder = sys.argv[1:3]
    seeds = sys.argv[3].split(",") if len(sys.argv) > 3 else range(42, 47)
    print("| trace | seed | unallocated | proven bound | apart | CPU |\n|---|--:|--:|--:|--:|--:|")
    for trace in sys.argv[4:] or ["default", "gpuspec33"]:
        for seed in seeds:
            total, served, most, seconds = plan(berth, folder, trace, seed)
            left, bound = 100 - 100 * served / total, 100 - 100 * most / total
            print(f"| {trace} | {seed} | {left:.2f} | {bound:.2f} | {left - bound:.2f} | {seconds:.1f} s |", flush=True)


if __name__ == "__main__":
    main()
