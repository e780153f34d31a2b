"""What a multiplier's hardware is compared with."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from accelsim.closed_forms import BilinearForm, IntegerClosedForm
from accelsim.errors import AccelsimError
from accelsim.lut import MAX_LUT_WIDTH, Lut
from accelsim.miter import miter
from accelsim.netlist import Netlist
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.circuits import Circuit, DescribedCircuit, TableCircuit
from accelsim.rtl.float_circuits import FloatCircuit
from accelsim.rtl.float_library import FloatDescription
from accelsim.rtl.float_products import float_products
from accelsim.rtl.library_closed_forms import closed_form_of
from accelsim.rtl.operand_pairs import OperandPairs
from accelsim.rtl.proof import Equivalence, prove_bilinear, prove_equal
from accelsim.simulation import outputs, outputs_in_order

__all__ = [
    "FloatReference",
    "FormReference",
    "LutReference",
    "NetlistReference",
    "Reference",
    "choose_reference",
]

ReferenceKind = Literal["lut", "closed form", "multiplier"]
Proof = tuple[Literal["sat", "algebra"], Equivalence]


class Reference(ABC):
    """Every product that a multiplier should compute.

    Parameters
    ----------
    name : str
        Name of the LUT or multiplier, or the formula.
    kind : {"lut", "closed form", "multiplier"}
        What it is.
    """

    #: Widest operands together, in bits, of which `differs` goes through every pair in reasonable time.
    exhaustive_bits = 32

    def __init__(self, name: str, kind: ReferenceKind) -> None:
        self.name = name
        self.kind = kind

    @abstractmethod
    def products(self, pairs: OperandPairs) -> NDArray[np.uint64]:
        """Return the products' bit patterns, of shape (pairs,)."""

    @abstractmethod
    def differs(self, netlist: Netlist) -> Callable[[int, int], NDArray[Any]]:
        """Return a function for `accelsim.exhaustive.find_differences`: which products of a netlist differ.

        Vector ``a 2^b_width + b`` is the operand pair ``(a, b)``. Pieces begin and end with a row of the
        truth table.
        """

    def prove(self, netlist: Netlist, seconds: float) -> Proof | None:
        """Try to prove that a netlist computes the same; None where there is no way to.

        Returns
        -------
        ({"sat", "algebra"}, Equivalence)
            The method and the outcome.
        """
        return None


class LutReference(Reference):
    """A LUT."""

    def __init__(self, lut: Lut) -> None:
        super().__init__(lut.name, "lut")
        self._table = lut.table.astype(np.int64).view(np.uint64) & np.uint64((1 << lut.product_width) - 1)

    def products(self, pairs: OperandPairs) -> NDArray[np.uint64]:
        """Look the products up."""
        return np.asarray(self._table[pairs])

    def differs(self, netlist: Netlist) -> Callable[[int, int], NDArray[Any]]:
        """Compare with the entries in their order."""
        expected = self._table.ravel()
        return lambda first, count: outputs_in_order(netlist, first, count) != expected[first : first + count]


class FormReference(Reference):
    """A closed form, of a signed multiplier if `signed`."""

    def __init__(self, form: IntegerClosedForm, signed: bool) -> None:
        super().__init__(form.text, "closed form")
        self._form = form
        self._signed = signed

    def products(self, pairs: OperandPairs) -> NDArray[np.uint64]:
        """Evaluate the formula."""
        return self._form.products(*pairs)

    def differs(self, netlist: Netlist) -> Callable[[int, int], NDArray[Any]]:
        """Compare with the formula's numbers, row by row."""
        width = self._form.width

        def compare(first: int, count: int) -> NDArray[Any]:
            rows = [self._form.row(a) for a in range(first >> width, (first + count) >> width)]
            return np.asarray(outputs_in_order(netlist, first, count) != np.concatenate(rows))

        return compare

    def prove(self, netlist: Netlist, seconds: float) -> Proof | None:
        """Prove bilinear forms by rewriting polynomials."""
        if not isinstance(self._form, BilinearForm):
            return None
        return "algebra", prove_bilinear(netlist, self._form, self._signed, seconds)


class FloatReference(Reference):
    """What a float multiplier computes, by a formula of its significands.

    Parameters
    ----------
    name : str
        The multiplier's name.
    formula : callable
        Maps operands' to products' bit patterns.
    """

    exhaustive_bits = 24  # a formula of some forty steps of NumPy

    def __init__(self, name: str, formula: Callable[..., NDArray[np.uint64]]) -> None:
        super().__init__(f"the rounded product of {name}'s significands", "closed form")
        self._formula = formula

    def products(self, pairs: OperandPairs) -> NDArray[np.uint64]:
        """Evaluate the formula."""
        return self._formula(*pairs)

    def differs(self, netlist: Netlist) -> Callable[[int, int], NDArray[Any]]:
        """Compare with the formula's patterns."""
        width = netlist.inputs[1].width

        def compare(first: int, count: int) -> NDArray[Any]:
            vectors = np.arange(first, first + count, dtype=np.uint64)
            pairs = vectors >> np.uint64(width), vectors & np.uint64((1 << width) - 1)
            return np.asarray(outputs_in_order(netlist, first, count) != self._formula(*pairs))

        return compare


class NetlistReference(Reference):
    """Another multiplier's gates."""

    def __init__(self, name: str, netlist: Netlist) -> None:
        super().__init__(name, "multiplier")
        self._netlist = netlist

    def products(self, pairs: OperandPairs) -> NDArray[np.uint64]:
        """Simulate the gates."""
        return outputs(self._netlist, *pairs).astype(np.uint64)

    def differs(self, netlist: Netlist) -> Callable[[int, int], NDArray[Any]]:
        """Simulate both netlists at once, in bit planes up to the one bit that tells whether they differ."""
        both = miter(netlist, self._netlist)
        return lambda first, count: outputs_in_order(both, first, count)

    def prove(self, netlist: Netlist, seconds: float) -> Proof | None:
        """Prove that the gates compute the same by SAT."""
        return "sat", prove_equal(netlist, self._netlist, seconds)


def choose_reference(circuit: Circuit, lut: Lut | None, against: str | None, *, simulated: bool) -> Reference:
    """Return what to compare a multiplier with.

    Parameters
    ----------
    circuit : Circuit
        The multiplier.
    lut : Lut, optional
        A LUT to check.
    against : str, optional
        Name or path of another multiplier.
    simulated : bool
        Whether another simulator's products are to be compared: where the multiplier is too wide for a LUT,
        with those of our own simulator. Otherwise with the closed form.

    Raises
    ------
    AccelsimError
        If both are given, they do not have the multiplier's widths and signedness, or neither is given and
        there is neither LUT nor closed form.
    """
    if lut is not None and against is not None:
        raise AccelsimError("give either a LUT or another multiplier to compare with, not both")
    if against is not None:
        other = find_circuit(against)
        if isinstance(circuit, FloatCircuit) != isinstance(other, FloatCircuit):
            kinds = {True: "floats", False: "integers"}
            raise AccelsimError(
                f"{other.name} multiplies {kinds[isinstance(other, FloatCircuit)]}, {circuit.name} "
                f"{kinds[isinstance(circuit, FloatCircuit)]}"
            )
        _check_shape(circuit, other.name, (other.a_width, other.b_width, other.signed))
        if isinstance(other, TableCircuit):
            return LutReference(other.lut())
        return NetlistReference(other.name, other.netlist())
    if lut is not None:
        _check_shape(circuit, f"LUT {lut.name}", (lut.a_width, lut.b_width, lut.signed))
        return LutReference(lut)
    if max(circuit.a_width, circuit.b_width) <= MAX_LUT_WIDTH and not isinstance(circuit, FloatCircuit):
        return LutReference(circuit.lut())
    if simulated:
        return NetlistReference(circuit.name, circuit.netlist())
    found = _closed_form(circuit)
    if found is None:
        raise AccelsimError(
            f"{circuit.name} has neither a LUT nor a closed form; give another multiplier to compare with "
            "(--against) or another simulator (--simulator amaranth, icarus or verilator)"
        )
    return found


def _closed_form(circuit: Circuit) -> Reference | None:
    if not isinstance(circuit, DescribedCircuit):
        return None
    description = circuit.description
    if isinstance(description, FloatDescription):
        formula = float_products(description)
        return FloatReference(circuit.name, formula) if formula else None
    form = closed_form_of(description.parsed)
    return FormReference(form, circuit.signed) if form else None


def _check_shape(circuit: Circuit, other: str, shape: tuple[int, int, bool]) -> None:
    own = circuit.a_width, circuit.b_width, circuit.signed
    if shape != own:
        described = [
            f"{name} is {'signed' if signed else 'unsigned'}, {a} x {b} bits"
            for name, (a, b, signed) in ((other, shape), (circuit.name, own))
        ]
        raise AccelsimError("; ".join(described))
