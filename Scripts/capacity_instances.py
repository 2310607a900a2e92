#!/usr/bin/env python3
"""Writes the instances of Tests/CapacityPlannerTests/Instances with optima that HiGHS proves.

    Scripts/capacity_instances.py [FOLDER]

It makes itself a virtual environment with scipy in .build/scipy-venv. Offerings are rows of the machine catalogue;
demand is drawn from a seed. Every maximal filling of every offering is enumerated, so the integer program over fillings is
exact: its optimum is the optimum of the whole problem.
"""
import pathlib
import random
import sys

import scipy_environment

ROOT = pathlib.Path(__file__).resolve().parent.parent
scipy_environment.enter(__file__)

import numpy  # noqa: E402
from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: E402

# name, dollars per hour, GPUs, CPU millis, memory MiB: on-demand us-east-1, the catalogue's date 2026-07-20.
MACHINES = [
    ("g6.xlarge", 0.8048, 1, 4_000, 16_384), ("g6.2xlarge", 0.9776, 1, 8_000, 32_768),
    ("g6.4xlarge", 1.3232, 1, 16_000, 65_536), ("g6.8xlarge", 2.0144, 1, 32_000, 131_072),
    ("g6.12xlarge", 4.6016, 4, 48_000, 196_608), ("g6.16xlarge", 3.3968, 1, 64_000, 262_144),
    ("g6.24xlarge", 6.6752, 4, 96_000, 393_216), ("g6.48xlarge", 13.3504, 8, 192_000, 786_432),
    ("g5.12xlarge", 5.672, 4, 48_000, 196_608), ("g5.48xlarge", 16.288, 8, 192_000, 786_432),
    ("g4dn.12xlarge", 3.912, 4, 48_000, 196_608), ("g4dn.metal", 7.824, 8, 96_000, 393_216),
]


def fillings(machine, shapes, demand):
    """All maximal fillings of one machine, as tuples of counts."""
    found = set()

    def extend(index, counts, gpus, cpu, memory, pods):
        if index == len(shapes):
            for j, (g, c, m) in enumerate(shapes):
                if counts[j] < demand[j] and g <= gpus and c <= cpu and m <= memory and pods > 0:
                    return
            if any(counts):
                found.add(tuple(counts))
            return
        g, c, m = shapes[index]
        most = min(demand[index], pods, cpu // c, memory // m, gpus // g if g else demand[index])
        for count in range(most, -1, -1):
            extend(index + 1, counts + [count], gpus - g * count, cpu - c * count, memory - m * count, pods - count)

    extend(0, [], machine[2], machine[3], machine[4], 110)
    return found


def solve(machines, shapes, demand):
    columns = [(machine, filling) for machine in machines for filling in fillings(machine, shapes, demand)]
    costs = numpy.array([machine[1] for machine, _ in columns])
    matrix = numpy.array([filling for _, filling in columns]).T
    result = milp(
        costs, constraints=LinearConstraint(matrix, lb=demand), integrality=numpy.ones(len(columns)),
        bounds=Bounds(0, numpy.inf), options={"mip_rel_gap": 0, "time_limit": 120})
    assert result.status == 0, result.message
    return result.fun


def instance(seed):
    draw = random.Random(seed)
    machines = sorted(draw.sample(MACHINES, draw.randint(4, 9)), key=lambda m: m[0])
    largest = max(machine[2] for machine in machines)
    shapes, demand = [], []
    for _ in range(draw.randint(2, 4)):
        gpus = draw.choice([g for g in (1, 1, 2, 4, 8) if g <= largest])
        cpu = draw.choice([2_000, 4_000, 8_000, 12_000]) * max(1, gpus // 2)
        shape = (gpus, min(cpu, 40_000), min(cpu, 40_000) // 1000 * draw.choice([2_048, 4_096]))
        if shape not in shapes and any(
                g >= shape[0] and c >= shape[1] and m >= shape[2] for _, _, g, c, m in machines):
            shapes.append(shape)
            demand.append(draw.choice([3, 7, 12, 25, 60, 110]))
    return machines, shapes, demand


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "Tests/CapacityPlannerTests/Instances")
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(1, 31):
        machines, shapes, demand = instance(seed)
        optimum = solve(machines, shapes, demand)
        lines = [f"# Seed {seed}. offering: name, micro-dollars per hour, GPUs, CPU millis, memory MiB."]
        lines += [f"offering {n} {round(p * 1e6)} {g} {c} {m}" for n, p, g, c, m in machines]
        lines += ["# pods: how many, then the same amounts of each."]
        lines += [f"pods {d} {g} {c} {m}" for d, (g, c, m) in zip(demand, shapes)]
        lines += [f"optimum {round(optimum * 1e6)}"]
        (folder / f"cover-{seed:02}.txt").write_text("\n".join(lines) + "\n")
        print(f"cover-{seed:02}: {len(shapes)} shapes, {sum(demand)} pods, optimum {optimum:.4f}")


main()
