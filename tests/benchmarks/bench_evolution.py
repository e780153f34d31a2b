"""Candidates of the evolutionary search per second, against the same loop in plain numpy.

Run as a script; prints both rates and their ratio. The numpy loop draws the same mutations, judges the same
candidates in the same order and so takes the same course, which is asserted.
"""

import time

import numpy as np

from accelsim.error_measure import ErrorMeasure, Metric
from accelsim.gate_costs import GATE_AREAS_UM2
from accelsim.netlist import Gate
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.evolution import Search, SearchSettings, parse_bound
from accelsim.rtl.evolution_kernel import random_below

BOUND = "0.5%"
OURS, THEIRS = 400_000, 2_000
REPETITIONS = 5
AREAS = [round(GATE_AREAS_UM2[gate] * 10_000) for gate in Gate]
FUNCTIONS = {
    Gate.BUF: lambda a, b: a,
    Gate.NOT: lambda a, b: ~a,
    Gate.AND: lambda a, b: a & b,
    Gate.NAND: lambda a, b: ~(a & b),
    Gate.OR: lambda a, b: a | b,
    Gate.NOR: lambda a, b: ~(a | b),
    Gate.XOR: lambda a, b: a ^ b,
    Gate.XNOR: lambda a, b: ~(a ^ b),
    Gate.ANDNOT: lambda a, b: a & ~b,
    Gate.ORNOT: lambda a, b: a | ~b,
}


class NumpySearch:
    """The search in numpy: bit planes of all 65,536 pairs, the products put together and compared."""

    def __init__(self, search: Search) -> None:
        self.nodes, self.outputs = search._nodes.copy(), search._outputs.copy()
        self.generator = search._generator.copy()
        self.limit = search.bound * 65_536
        self.settings = search.settings
        a, b = (grid.ravel() for grid in np.indices((256, 256)))
        self.exact = a * b
        planes = [operand >> bit & 1 for operand in (a, b) for bit in range(8)]
        packed = [np.packbits(plane.astype(np.uint8)).view(np.uint64) for plane in planes]
        self.inputs = [np.zeros_like(packed[0]), ~np.zeros_like(packed[0]), *packed]
        self.first = len(self.inputs)
        self.used, self.area = self.weigh(self.nodes, self.outputs)

    def weigh(self, nodes: np.ndarray, outputs: np.ndarray) -> tuple[set[int], int]:
        used, area = set(outputs.tolist()), 0
        for node in range(len(nodes) - 1, -1, -1):
            if self.first + node in used:
                function, a, b = nodes[node].tolist()
                used |= {a} if function <= Gate.NOT else {a, b}
                area += AREAS[function]
        return used, area

    def error(self, nodes: np.ndarray, outputs: np.ndarray, used: set[int]) -> int:
        planes = dict(enumerate(self.inputs))
        for node, (function, a, b) in enumerate(nodes.tolist()):
            if self.first + node in used:
                planes[self.first + node] = FUNCTIONS[Gate(function)](planes[a], planes.get(b, planes[0]))
        product = np.zeros(len(self.exact), dtype=np.int64)
        for bit, net in enumerate(outputs.tolist()):
            product += np.unpackbits(planes[net].view(np.uint8)).astype(np.int64) << bit
        return int(np.abs(product - self.exact).sum())

    def mutate(self) -> tuple[np.ndarray, np.ndarray, bool]:
        nodes, outputs, touched = self.nodes.copy(), self.outputs.copy(), False
        count = len(nodes)
        for _ in range(1 + random_below(self.generator, self.settings.mutations)):
            gene = random_below(self.generator, 3 * count + len(outputs))
            node, part = divmod(gene, 3)
            if node >= count:
                outputs[gene - 3 * count] = random_below(self.generator, self.first + count)
                touched = True
                continue
            old = nodes[node, part]
            nodes[node, part] = random_below(self.generator, self.first + node if part else Gate.ORNOT + 1)
            touched |= self.first + node in self.used and nodes[node, part] != old
        return nodes, outputs, touched

    def run(self, evaluations: int) -> None:
        for _ in range(evaluations // self.settings.offspring):
            best, best_area = None, self.area
            for _ in range(self.settings.offspring):
                nodes, outputs, touched = self.mutate()
                used, area = self.weigh(nodes, outputs) if touched else (self.used, self.area)
                if area > best_area or (touched and self.error(nodes, outputs, used) > self.limit):
                    continue
                best, best_area = (nodes, outputs, used), area
            if best:
                self.nodes, self.outputs, self.used = best
                self.area = best_area


def main() -> None:
    circuit = find_circuit("mul8u_exact")
    measure = ErrorMeasure(Metric.MAE, 8, 8, signed=False)
    bound = parse_bound(BOUND, Metric.MAE, 16)
    Search(circuit, measure, bound).run(100)  # compiles the kernel

    search = Search(circuit, measure, bound, SearchSettings(seed=1))
    plain = NumpySearch(search)
    started = time.perf_counter()
    plain.run(THEIRS)
    theirs = THEIRS / (time.perf_counter() - started)
    search.run(THEIRS)
    assert (search._nodes == plain.nodes).all()
    assert (search._outputs == plain.outputs).all()

    seconds = []
    for _ in range(REPETITIONS):
        again = Search(circuit, measure, bound, SearchSettings(seed=1))
        started = time.perf_counter()
        again.run(THEIRS)
        seconds.append(time.perf_counter() - started)
    same = THEIRS / min(seconds)
    started = time.perf_counter()
    again.run(OURS)
    ours = (OURS - THEIRS) / (time.perf_counter() - started)
    counts = again.counts()
    print(f"mul8u_exact, MAE at most {BOUND}, one core; the first {THEIRS:,} candidates alike:")
    print(f"numpy          {theirs:10,.0f} candidates/s")
    print(f"ours           {same:10,.0f} candidates/s")
    print(f"ratio          {same / theirs:10.0f}")
    share = counts["simulated"] / counts["evaluations"]
    print(f"ours, {OURS:,} {ours:10,.0f} candidates/s, {100 * share:.0f} % of them simulated")


if __name__ == "__main__":
    main()
