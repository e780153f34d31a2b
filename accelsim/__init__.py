"""accelsim: hardware-faithful simulation of approximate DNN accelerators.

Names are imported on first use, so that ``import accelsim`` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

#: Where each public name lives; the imports below say the same to type checkers.
_ROOM_OF = {
    "AccelsimError": "accelsim.errors",
    "ImportOptions": "accelsim.rtl.import_options",
    "Accumulator": "accelsim.accumulator",
    "Arithmetic": "accelsim.arithmetic",
    "GateMultiplier": "accelsim.gate_multiplier",
    "Lut": "accelsim.lut",
    "Netlist": "accelsim.netlist",
    "SmoothedDifference": "accelsim.smoothed_difference",
    "approximate": "accelsim.conversion",
    "craft": "accelsim.attacks",
    "craft_minimal": "accelsim.attacks",
    "audit": "accelsim.attacks",
    "error_metrics": "accelsim.metrics",
    "evaluate_robustness": "accelsim.attacks",
    "hardware_version": "accelsim.models",
    "integer_network": "accelsim.integer_inference",
    "import_multipliers": "accelsim.rtl.importing",
    "exact_operations": "accelsim.network_report",
    "layer_report": "accelsim.network_report",
    "load_dataset": "accelsim.models",
    "quantization_aware": "accelsim.dorefa_conversion",
    "load_float_multiplier": "accelsim.rtl.catalogue",
    "load_gate_multiplier": "accelsim.rtl.catalogue",
    "load_lut": "accelsim.rtl.catalogue",
    "lut_from_callable": "accelsim.rtl.import_callable",
    "swap_lut": "accelsim.conversion",
    "synthesise": "accelsim.rtl.synthesis",
    "trained_network": "accelsim.models",
    "truth_table": "accelsim.simulation",
    "verify": "accelsim.rtl.verification",
}

__all__ = ["__version__", *_ROOM_OF]

if TYPE_CHECKING:
    from accelsim.accumulator import Accumulator as Accumulator
    from accelsim.arithmetic import Arithmetic as Arithmetic
    from accelsim.attacks import audit as audit
    from accelsim.attacks import craft as craft
    from accelsim.attacks import craft_minimal as craft_minimal
    from accelsim.attacks import evaluate_robustness as evaluate_robustness
    from accelsim.conversion import approximate as approximate
    from accelsim.conversion import swap_lut as swap_lut
    from accelsim.dorefa_conversion import quantization_aware as quantization_aware
    from accelsim.errors import AccelsimError as AccelsimError
    from accelsim.gate_multiplier import GateMultiplier as GateMultiplier
    from accelsim.integer_inference import integer_network as integer_network
    from accelsim.lut import Lut as Lut
    from accelsim.metrics import error_metrics as error_metrics
    from accelsim.models import hardware_version as hardware_version
    from accelsim.models import load_dataset as load_dataset
    from accelsim.models import trained_network as trained_network
    from accelsim.netlist import Netlist as Netlist
    from accelsim.network_report import exact_operations as exact_operations
    from accelsim.network_report import layer_report as layer_report
    from accelsim.rtl.catalogue import load_float_multiplier as load_float_multiplier
    from accelsim.rtl.catalogue import load_gate_multiplier as load_gate_multiplier
    from accelsim.rtl.catalogue import load_lut as load_lut
    from accelsim.rtl.import_callable import lut_from_callable as lut_from_callable
    from accelsim.rtl.import_options import ImportOptions as ImportOptions
    from accelsim.rtl.importing import import_multipliers as import_multipliers
    from accelsim.rtl.synthesis import synthesise as synthesise
    from accelsim.rtl.verification import verify as verify
    from accelsim.simulation import truth_table as truth_table
    from accelsim.smoothed_difference import SmoothedDifference as SmoothedDifference


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'accelsim' has no attribute {name!r}")
    value = getattr(import_module(_ROOM_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
