#!/usr/bin/env python3
"""Counts the instructions of the hot paths with callgrind and holds them against Benchmarks/instructions.json.

Counts repeat from run to run where times do not. A count above its threshold fails; one far below it should become the new threshold:

    Scripts/bench_instructions.py Benchmarks/.build/release/BerthBenchmarks [--update]
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TABLE = pathlib.Path(__file__).resolve().parent.parent / "Benchmarks" / "instructions.json"
# Room for another build of the toolchain and the C library.
TOLERANCE = 1.05


def count(binary, group):
    """Instructions that one benchmark group executes, set-up included."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", binary, group]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode or not found:
        sys.exit(f"{' '.join(command)}: {run.stderr[-500:]}")
    return int(found.group(1))


def stripped(binary, folder):
    """A copy without debug information, which valgrind cannot read as Swift writes it."""
    copy = str(pathlib.Path(folder) / "benchmarks")
    subprocess.run(["strip", "-o", copy, binary], check=True)
    return copy


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--update"]
    if len(arguments) != 1 or not shutil.which("valgrind"):
        sys.exit(f"{__doc__}\nvalgrind and the path of the benchmarks are needed")
    thresholds = json.loads(TABLE.read_text())
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        binary = stripped(arguments[0], folder)
        counts = {group: count(binary, group) for group in thresholds}
    for group, threshold in thresholds.items():
        counted = counts[group]
        print(json.dumps({"group": group, "instructions": counted, "threshold": threshold}), flush=True)
        if counted > threshold * TOLERANCE:
            failed.append(group)
        if "--update" in sys.argv:
            thresholds[group] = counted
    if "--update" in sys.argv:
        TABLE.write_text(json.dumps(thresholds, indent=2) + "\n")
    elif failed:
        sys.exit(f"more instructions than before: {', '.join(failed)}")


if __name__ == "__main__":
    main()
