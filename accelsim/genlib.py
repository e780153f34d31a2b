"""A cell library in the genlib format of SIS, for a technology mapper that chooses cells by area.

E. M. Sentovich et al., "SIS: a system for sequential circuit synthesis", Berkeley UCB/ERL M92/41, 1992.
Delays and energies are computed afterwards, from the cells' tables.
"""

from accelsim.boolean_expressions import Expression
from accelsim.cell_library import CellLibrary
from accelsim.errors import AccelsimError
from accelsim.netlist import Gate

__all__ = ["genlib_text"]

#: Yosys turns cells of these names into constants, without a cell.
_CONSTANTS = ("GATE _const0_ 0 y=CONST0;", "GATE _const1_ 0 y=CONST1;")
#: Every input alike: phase, load, greatest load, then delays and their dependence on the load.
_PINS = "PIN * UNKNOWN 1 999 1 0 1 0"
_OPERATORS = {Gate.AND: "*", Gate.OR: "+", Gate.XOR: "^"}


def genlib_text(library: CellLibrary) -> str:
    """Write areas and functions of the cells that have inputs and of which everything is known.

    Raises
    ------
    AccelsimError
        If the library has no inverter or no gate of several inputs: ABC needs both.
    """
    cells = [cell for cell in library.cells.values() if cell.inputs and not cell.lacking]
    functions = [_spelled(cell.function) for cell in cells]
    if not any(
        function == f"(!{cell.inputs[0].name})" for cell, function in zip(cells, functions, strict=True)
    ):
        raise AccelsimError(f"{library.source} has no inverter; circuits cannot be mapped without")
    if not any(len(cell.inputs) > 1 for cell in cells):
        raise AccelsimError(
            f"{library.source} has no gate of several inputs; circuits cannot be mapped without"
        )
    gates = [
        f"GATE {cell.name} {cell.area:.6g} {cell.output}={function}; {_PINS}"
        for cell, function in zip(cells, functions, strict=True)
    ]
    return "\n".join([*_CONSTANTS, *gates, ""])


def _spelled(expression: Expression) -> str:
    if isinstance(expression, str):
        return {"0": "CONST0", "1": "CONST1"}.get(expression, expression)
    operands = [_spelled(operand) for operand in expression.operands]
    if expression.gate is Gate.NOT:
        return f"(!{operands[0]})"
    return f"({_OPERATORS[expression.gate].join(operands)})"
