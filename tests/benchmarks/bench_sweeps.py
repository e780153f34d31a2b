"""Time that ``accelsim sweep status`` and ``export`` take on a store of many cells, as a user types them.

Run as a script, with the number of cells (default 100,000: 1,000 sets of examples, 100 victims); prints the
times, and their ratio to a bare interpreter's. Nothing is attacked: the results are drawn at random.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from accelsim import Arithmetic
from accelsim.attacks.sweeps import Calibration, Cell, Crafting, Images, Network, Store, Verdicts, Victim

REPETITIONS = 5
VICTIMS, IMAGES = 100, 100


def seconds(*arguments: str) -> float:
    """Return the median time of a child process."""
    found = []
    for _ in range(REPETITIONS):
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
        found.append(time.perf_counter() - started)
    return statistics.median(found)


def fill(path: Path, cells: int) -> None:
    """Make a store of finished cells."""
    net = Network("lenet5", "mnist", architecture="lenet5", sha256="0" * 64)
    images = Images("mnist", IMAGES, "1" * 64)
    calibration = Calibration("mnist", sha256="2" * 64)
    victims = [
        Victim(net, f"m{number}", Arithmetic(), calibration, multiplier_sha256=f"{number:064x}")
        for number in range(VICTIMS)
    ]
    craftings = [
        Crafting(net, attack, 0.01 + number / 1000, images)
        for attack in ("fgm-linf", "bim-linf", "pgd-linf", "fgm-l2")
        for number in range(cells // VICTIMS // 4)
    ]
    draws = np.random.default_rng(0)
    with Store(path, writable=True) as store:
        store.plan(Cell(crafting, victim) for crafting in craftings for victim in victims)
        run = store.begin_run(1)
        for crafting in craftings:
            correct = list(draws.random((VICTIMS, IMAGES)) < draws.random())
            store.record(run, crafting, victims, Verdicts(correct, 1.0, [0.1] * VICTIMS))


def main() -> None:
    cells = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "sweep.sqlite"
        started = time.perf_counter()
        fill(store, cells)
        print(f"{cells:,} cells planned and written in {time.perf_counter() - started:.1f} s")
        bare = seconds("-c", "pass")
        print(f"python -c pass   {bare:6.3f} s, median of {REPETITIONS}")
        for name, more in {"status": (), "export": ("-o", f"{folder}/sweep.csv")}.items():
            taken = seconds("-m", "accelsim.cli", "sweep", name, str(store), *more)
            print(f"sweep {name}     {taken:6.3f} s, ratio {taken / bare:.0f}")


if __name__ == "__main__":
    main()
