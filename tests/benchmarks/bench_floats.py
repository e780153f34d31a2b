"""Closed forms of float multipliers against numpy's exact float32 multiplication, on one core.

Run as a script; prints the products per second of each (best of interleaved runs, over arrays that stay in
the second-level cache), its ratio to numpy's, and the same of the gate-level simulation.
"""

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from accelsim.floats import CLOSED_FORMS
from accelsim.rtl.catalogue import netlist_of
from accelsim.simulation import outputs

PRODUCTS = 1 << 16
REPETITIONS = 1000


def best(calls: dict[str, Callable[[], object]], repetitions: int) -> dict[str, float]:
    """Seconds of each call; the runs of all calls alternate, so that a busy machine slows them alike."""
    seconds = dict.fromkeys(calls, float("inf"))
    for call in calls.values():
        call()  # compiles
    for _ in range(repetitions):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            seconds[name] = min(seconds[name], time.perf_counter() - started)
    return seconds


def main() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.random(PRODUCTS).astype(np.float32) for _ in range(2))
    calls: dict[str, Callable[[], object]] = {"numpy, exact": lambda: np.multiply(a, b)}
    for name, form in CLOSED_FORMS.items():
        calls[name] = partial(form.multiply, a, b, threads=1)
    took = best(calls, REPETITIONS)
    patterns = a.view(np.uint32), b.view(np.uint32)
    netlists = {f"{name}, gates": netlist_of(name) for name in CLOSED_FORMS}
    gates = best({name: partial(outputs, netlist, *patterns) for name, netlist in netlists.items()}, 20)
    print(f"{'one core (gates: all cores)':28} G products/s  share of numpy's")
    for name, seconds in (took | gates).items():
        rate = PRODUCTS / seconds / 1e9
        print(f"{name:28} {rate:12.3f} {took['numpy, exact'] / seconds:17.3f}")


if __name__ == "__main__":
    main()
