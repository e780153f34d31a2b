"""The networks of the paper at each bit width."""

from accelsim.attacks.direct.subject import Subject
from accelsim.models.dataset import Dataset
from accelsim.models.pretrained import trained_network

__all__ = ["BITS", "load_subject", "width_name"]

#: Widths of the paper's networks, of weights and inputs alike; None: full precision.
BITS = (None, 1, 2, 4, 8, 12, 16)


def load_subject(network: str, dataset: Dataset, bits: int | None, multiplier: str = "") -> Subject:
    """Return a network at a bit width: from the package, or trained on first use.

    Raises
    ------
    AccelsimError
        If the network or the width is unknown, or its quantized layers do not fit the multiplier.
    """
    trained = trained_network(network, dataset, weight_bits=bits, activation_bits=bits)
    return Subject(multiplier or width_name(bits), trained, dataset, multiplier)


def width_name(bits: int | None) -> str:
    """Return what tables call a width."""
    return "float" if bits is None else str(bits)
