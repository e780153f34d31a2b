"""accelsim: hardware-faithful simulation of approximate DNN accelerators.

Names are imported on first use, so that ``import accelsim`` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: Where each public name lives; the imports below say the same to type checkers.
_ROOM_OF = {
    "AccelsimError": "accelsim.errors",
    "Lut": "accelsim.lut",
    "Netlist": "accelsim.netlist",
}

__all__ = ["__version__", *_ROOM_OF]

if TYPE_CHECKING:
    from accelsim.errors import AccelsimError as AccelsimError
    from accelsim.lut import Lut as Lut
    from accelsim.netlist import Netlist as Netlist


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'accelsim' has no attribute {name!r}")
    value = getattr(import_module(_ROOM_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
