#!/usr/bin/env python3
"""Replays the openb traces with Berth's policy and prints the quality table of docs/benchmarks.md.

usage: bench_openb.py BERTH TRACES [SEEDS] [TRACE ...]

BERTH is the release executable, TRACES the folder with the node and pod lists, arrivals/ and published_results.csv, SEEDS a
comma-separated list (42-51 if missing). FGD's figures are the published ones; first fit, Berth and the proven bound are
replayed. Figures are GPUs unallocated at 100 % arrived, in percent, mean over the seeds. Nothing is installed: plain Python 3.
"""
import concurrent.futures
import csv
import json
import pathlib
import statistics
import subprocess
import sys


def replay(job):
    berth, folder, trace, seed, policy = job
    command = [
        berth, "simulate", "openb", "--policy", policy, "--seed", str(seed), "-o", "json",
        "--nodes", f"{folder}/openb_node_list_gpu_node.csv", "--pods", f"{folder}/openb_pod_list_{trace}.csv",
        "--arrivals", f"{folder}/arrivals/{trace}_pods.csv.gz", "--noderank", f"{folder}/arrivals/{trace}_noderank.csv.gz",
    ]
    if policy == "first-fit":
        command.append("--bound")
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return report["unallocatedPercent"]["100"], (report["leastUnallocatedPercent"] or {}).get("100")


def main():
    berth, folder = sys.argv[1:3]
    seeds = [int(seed) for seed in sys.argv[3].split(",")] if len(sys.argv) > 3 else list(range(42, 52))
    published = {}
    with open(pathlib.Path(folder) / "published_results.csv") as file:
        for row in csv.DictReader(file):
            if row["policy"] == "FGD" and int(row["seed"]) in seeds:
                published.setdefault(row["trace"], []).append(float(row["unalloc_pct_at_100"]))
    traces = sys.argv[4:] or sorted(published)
    closed = []
    print("| trace | first fit | FGD | Berth | proven bound | closed |\n|---|--:|--:|--:|--:|--:|")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for trace in traces:
            jobs = [(berth, folder, trace, seed, policy) for policy in ("first-fit", "berth") for seed in seeds]
            results = list(pool.map(replay, jobs))
            first_fit = statistics.mean(result[0] for result in results[:len(seeds)])
            bound = statistics.mean(result[1] for result in results[:len(seeds)])
            ours = statistics.mean(result[0] for result in results[len(seeds):])
            fgd = statistics.mean(published[trace])
            base = min(first_fit, fgd)
            closed.append((base - ours) / (base - bound))
            print(f"| {trace} | {first_fit:.2f} | {fgd:.2f} | {ours:.2f} | {bound:.2f} | {closed[-1]:.0%} |", flush=True)
    print(f"\nclosed: mean {statistics.mean(closed):.1%}, least {min(closed):.1%}")


if __name__ == "__main__":
    main()
