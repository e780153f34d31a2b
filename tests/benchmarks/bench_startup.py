"""Time that ``accelsim --help`` and ``import accelsim`` take, against a bare interpreter.

Run as a script; prints the times and their ratio.
"""

import statistics
import subprocess
import sys
import time

REPETITIONS = 15


def seconds(*arguments: str) -> float:
    found = []
    for _ in range(REPETITIONS):
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
        found.append(time.perf_counter() - started)
    return statistics.median(found)


def main() -> None:
    bare = seconds("-c", "pass")
    print(f"python -c pass   {bare * 1e3:6.0f} ms, median of {REPETITIONS}")
    for name, arguments in {
        "import accelsim": ("-c", "import accelsim"),
        "accelsim --help": ("-m", "accelsim.cli", "--help"),
    }.items():
        taken = seconds(*arguments)
        print(f"{name}  {taken * 1e3:6.0f} ms, ratio {taken / bare:.1f}")


if __name__ == "__main__":
    main()
