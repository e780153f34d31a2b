"""Grids of robustness results that survive what happens to the process that computes them.

Names are imported on first use: reading a store needs neither torch nor Foolbox.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accelsim.attacks.sweeps.cells import Calibration, Cell, Crafting, Images, Network, Victim
    from accelsim.attacks.sweeps.evaluation import Verdicts, evaluate
    from accelsim.attacks.sweeps.resolution import resolved
    from accelsim.attacks.sweeps.runner import run
    from accelsim.attacks.sweeps.store import Store

_MODULE_OF = {
    "Calibration": "cells",
    "Cell": "cells",
    "Crafting": "cells",
    "Images": "cells",
    "Network": "cells",
    "Store": "store",
    "Verdicts": "evaluation",
    "Victim": "cells",
    "evaluate": "evaluation",
    "resolved": "resolution",
    "run": "runner",
}

__all__ = [  # noqa: RUF022 (the order of a reader)
    "Cell",
    "Crafting",
    "Victim",
    "Network",
    "Images",
    "Calibration",
    "resolved",
    "evaluate",
    "Verdicts",
    "Store",
    "run",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'accelsim.attacks.sweeps' has no attribute {name!r}")
    value = getattr(import_module(f"accelsim.attacks.sweeps.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value
