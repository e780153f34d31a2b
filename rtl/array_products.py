"""The products that a systolic array forms, from the engine."""

import numpy as np
from numpy.typing import NDArray

from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.export import bench_products

__all__ = ["products_of"]


def products_of(design: ArrayDesign, x: NDArray[np.integer], w: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return every product of a matrix product: from the LUT, from the netlist if an operand is too wide.

    Parameters
    ----------
    design : ArrayDesign
        Multiplier and which operand is the activation.
    x : unsigned integer array of shape (depth, pixels)
        Bit patterns of the activations.
    w : unsigned integer array of shape (channels, depth)
        Bit patterns of the weights.

    Returns
    -------
    int64 array of shape (depth, channels, pixels)
    """
    circuit = design.circuit
    operands = np.broadcast_arrays(x[:, None, :], w.T[:, :, None])
    a, b = operands if design.activation_operand == "a" else operands[::-1]
    pairs = a.astype(np.uint64).ravel(), b.astype(np.uint64).ravel()
    products = bench_products(circuit, pairs).astype(np.int64).reshape(a.shape)
    if circuit.signed:
        products -= products >> circuit.product_width - 1 << circuit.product_width
    return products
