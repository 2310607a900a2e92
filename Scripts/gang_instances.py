#!/usr/bin/env python3
"""Writes Tests/PlacementSolverTests/GangInstances.txt: small gangs with optima that HiGHS proves.

    Scripts/gang_instances.py [FILE]

It makes itself a virtual environment with scipy in .build/scipy-venv. A world is a tree of zones, blocks, spines and racks with
free GPUs per node; a gang is a ring of members, each with the GPUs it asks for. First comes the narrowest level with a domain
that holds all members, then the fewest hops between ring neighbours in different domains, summed over the levels below. Both
are integer programs over which node each member takes; only instances that are proven are written.
"""
import pathlib
import random
import sys

import scipy_environment

ROOT = pathlib.Path(__file__).resolve().parent.parent
scipy_environment.enter(__file__)

import numpy  # noqa: E402
from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: E402
from scipy.sparse import coo_array  # noqa: E402

LEVELS = ["zone", "block", "spine", "rack", "host"]


class Program:
    """An integer program, row by row."""

    def __init__(self):
        self.costs, self.upper, self.entries, self.low, self.high = [], [], [], [], []

    def variable(self, upper, cost=0.0):
        self.costs.append(cost)
        self.upper.append(upper)
        return len(self.costs) - 1

    def row(self, terms, low, high):
        self.entries += [(len(self.low), column, factor) for column, factor in terms]
        self.low.append(low)
        self.high.append(high)

    def solve(self, seconds):
        """The optimum, None where there is no solution; raises where neither is proven in time."""
        rows, columns, factors = zip(*self.entries)
        # HiGHS takes indices of 32 bits only.
        places = (numpy.array(rows, dtype=numpy.int32), numpy.array(columns, dtype=numpy.int32))
        matrix = coo_array((factors, places), shape=(len(self.low), len(self.costs))).tocsr()
        result = milp(
            numpy.array(self.costs), constraints=LinearConstraint(matrix, self.low, self.high),
            integrality=numpy.ones(len(self.costs)), bounds=Bounds(0, self.upper),
            options={"mip_rel_gap": 0, "time_limit": seconds})
        if result.status == 2:
            return None
        if result.status != 0:
            raise TimeoutError(result.message)
        return round(result.fun)


def fewest_hops(free, gang, first, last, sizes, seconds):
    """Hops summed over the levels with these domain sizes, all members on the nodes first ..< last; None where they do not fit."""
    program = Program()
    nodes = range(first, last)
    on_node = [{node: program.variable(1) for node in nodes if free[node] >= gpus} for gpus in gang]
    if not all(on_node):
        return None
    for member in on_node:
        program.row([(column, 1) for column in member.values()], 1, 1)
    for node in nodes:
        taken = [(member[node], gpus) for member, gpus in zip(on_node, gang) if node in member]
        if taken:
            program.row(taken, 0, free[node])
    constant = 0
    for size in sizes:
        together, used = [], []
        for start in range(first, last, size):
            inside = [[member[node] for node in range(start, start + size) if node in member] for member in on_node]
            is_used = program.variable(1)
            used.append((is_used, 1))
            for here, there in zip(inside, inside[1:] + inside[:1]):
                both = program.variable(1, -1)
                program.row([(both, 1)] + [(column, -1) for column in here], -numpy.inf, 0)
                program.row([(both, 1)] + [(column, -1) for column in there], -numpy.inf, 0)
                program.row([(is_used, 1)] + [(column, -1) for column in here], 0, numpy.inf)
                together.append((both, 1))
        # No domain of this level holds all: the ring leaves every domain that it uses.
        program.row(together + used, 0, len(gang))
        constant += len(gang)
    hops = program.solve(seconds)
    return None if hops is None else constant + hops


def optimum(free, gang, sizes, seconds=60):
    """The narrowest level that holds the gang and the fewest hops below it; None where it fits nowhere."""
    for level in range(len(sizes), -1, -1):
        size = (sizes + [1])[level]
        starts = [s for s in range(0, len(free), size) if sum(free[s:s + size]) >= sum(gang)]
        fitting = [s for s in starts if fewest_hops(free, gang, s, s + size, [], seconds) is not None]
        if fitting:
            return level, min(fewest_hops(free, gang, s, s + size, sizes[level + 1:], seconds) for s in fitting)
    return None


def world(seed):
    """Nodes per domain, free GPUs per node and the GPUs of the members along the ring."""
    draw = random.Random(seed)
    per_rack = draw.choice([2, 2, 3, 4])
    sizes = [per_rack]
    for _ in range(3):
        sizes.insert(0, sizes[0] * draw.choice([2, 2, 3]))
    count = sizes[0] * draw.choice([1, 2])
    load = draw.choice([0.3, 0.6, 0.8, 0.95])
    free = [8 if draw.random() > load else draw.randint(0, 7) for _ in range(count)]
    kinds = draw.sample([1, 2, 3, 4, 8], draw.choice([1, 2, 2, 3]))
    gang = []
    for kind in sorted(kinds, reverse=draw.random() < 0.7):
        gang += [kind] * draw.randint(1, 16 // len(kinds))
    if draw.random() < 0.2:
        draw.shuffle(gang)
    return sizes, free, gang


def main():
    path = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "Tests/PlacementSolverTests/GangInstances.txt")
    blocks = ["# Nodes per zone, block, spine and rack; free GPUs per node; GPUs per member along the ring; the optimum."]
    for seed in range(1, 401):
        sizes, free, gang = world(seed)
        try:
            best = optimum(free, gang, sizes)
        except TimeoutError:
            print(f"seed {seed}: not proven in time, left out", flush=True)
            continue
        # Two hops are the least where there are any.
        if best is None or best[1] <= 2:
            continue
        blocks += [
            f"seed {seed}", f"nodes {' '.join(map(str, sizes))}", f"free {' '.join(map(str, free))}",
            f"gang {' '.join(map(str, gang))}", f"level {LEVELS[best[0]]}", f"hops {best[1]}",
        ]
        print(f"seed {seed}: {len(free)} nodes, {len(gang)} members, {LEVELS[best[0]]}, {best[1]} hops", flush=True)
    path.write_text("\n".join(blocks) + "\n")


main()
