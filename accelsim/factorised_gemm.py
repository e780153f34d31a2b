"""Tables of few integer terms as matrix products of bytes, through PyTorch.

If ``table[w, x] = u[w] + sum_n 2^s[n] f[n, w] g[n, x]`` with bytes ``f`` and ``g``, then a layer's sums
``sum_k table[w[o, k], x[k, p]]`` are one matrix product of a depth of ``n * k`` for each power of two. It is
exact, because no partial sum, in whatever order a library takes them, is rounded:

- in int8 they are kept in int32, as all products here are, modulo 2^32;
- in float32, a product of two bytes from -128 to 127 is at most 2^14, so that up to 2^10 of them sum to at
  most 2^24 in absolute value, and float32 holds every integer up to that. Deeper products are cut. The bytes
  themselves have 8 significant bits, which also bfloat16 and TF32 hold, should PyTorch be told to use them
  for the factors of float32 products.

float64 would take whole factors instead of their bytes, but is never faster.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import torch
from llvmlite import binding
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from accelsim.byte_translation import translator
from accelsim.digit_terms import DigitGroup, DigitTerms
from accelsim.errors import AccelsimError
from accelsim.gemm_kernel import fill_in_offsets
from accelsim.integer_factors import integer_factors, rank_of
from accelsim.workers import share_tasks

__all__ = ["MOST_TERMS", "FactorisedTable", "factorised_gemm"]

#: Products of two digits beyond which other engines are faster on every machine.
MOST_TERMS = 32
#: Bytes of translated activations that stay in the second-level cache.
_BLOCK_BYTES = 1 << 20
#: Pixels below which a product is not cut.
_LEAST_PIXELS = 256
#: Bytes of translated activations on another device.
_DEVICE_BYTES = 1 << 28
#: Products of two bytes that float32 sums exactly.
_EXACT_IN_FLOAT32 = 1 << 10


@dataclass(frozen=True, eq=False)
class FactorisedTable:
    """A table as the engine takes it, or why it does not.

    Parameters
    ----------
    terms : DigitTerms or None
        The factors in digits.
    refusal : str
        Why there are none; empty if there are.
    """

    terms: DigitTerms | None
    refusal: str

    @classmethod
    def of(cls, table: NDArray[np.int32]) -> "FactorisedTable":
        """Factorise a table of shape (weight patterns, activation patterns)."""
        if factors := integer_factors(table, MOST_TERMS):
            terms = DigitTerms.of(factors)
            if terms.count <= MOST_TERMS:
                return cls(terms, "")
            return cls(None, f"it takes {terms.count} products of bytes; at most {MOST_TERMS} pay")
        rank = rank_of(table)
        if rank > MOST_TERMS:
            return cls(None, f"its rank is {rank}; at most {MOST_TERMS} pay")
        return cls(None, f"no small integer factors were found, though its rank is {rank}")


def factorised_gemm(
    terms: DigitTerms, x: NDArray[np.uint8], w: NDArray[np.uint8], threads: int, device: str = "cpu"
) -> NDArray[np.int32]:
    """Return what `accelsim.gemm.lut_gemm` returns.

    Parameters
    ----------
    terms : DigitTerms
        The table.
    x : uint8 array of shape (groups, depth, pixels)
        Activation codes.
    w : uint8 array of shape (groups, channels, depth)
        Weight codes.
    threads : int
        Threads that share the work on a CPU.
    device : str
        PyTorch's device, such as ``"cuda"``.

    Returns
    -------
    int32 array of shape (groups, channels, pixels)
        Modulo 2^32.

    Raises
    ------
    AccelsimError
        If PyTorch has no such device, or the device has not enough memory.
    """
    out = np.empty((*w.shape[:2], x.shape[2]), np.int32)
    fill_in_offsets(terms.by_weight.astype(np.int32), w, out)
    if device != "cpu":
        _add_on_device(terms, x, w, out, device)
        return out
    for group in terms.groups:
        weights = _translated_weights(group, w)
        count, depth = len(group.of_weight), x.shape[1]
        pixels = max(_LEAST_PIXELS, _BLOCK_BYTES // (count * depth), -(-x.shape[2] // (8 * threads)))
        blocks = -(-x.shape[2] // max(64, pixels // 64 * 64))
        share_tasks(partial(_add_blocks, group, x, weights, out, blocks), len(w) * blocks, threads)
    return out


def _add_blocks(
    group: DigitGroup,
    x: NDArray[np.uint8],
    weights: NDArray[np.int8],
    out: NDArray[np.int32],
    blocks: int,
    first: int,
    stop: int,
) -> None:
    """Run tasks ``first`` to ``stop - 1``: a block of pixels of one group of channels each."""
    depth, pixels = x.shape[1:]
    translate = translator()
    with _one_thread():
        for task in range(first, stop):
            g, block = divmod(task, blocks)
            own = slice(pixels * block // blocks, pixels * (block + 1) // blocks)
            codes = np.empty((len(group.of_activation), depth, own.stop - own.start), np.int8)
            translate(group.of_activation, x[g, :, own], codes)
            found = _product(
                torch.from_numpy(weights[g]), torch.from_numpy(codes.reshape(-1, codes.shape[2]))
            )
            _add_difference(found.numpy(), group.shift, out[g, :, own])


def _translated_weights(group: DigitGroup, w: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Return the first factors, of shape (groups, 1 + channels, terms * depth), the weight -c in front."""
    groups, channels, depth = w.shape
    count = len(group.of_weight)
    found = np.empty((groups, 1 + channels, count, depth), np.int8)
    found[:, 0] = group.of_weight[:, :1]
    tables = np.zeros((count, 256), np.int8)
    tables[:, : group.of_weight.shape[1] - 1] = group.of_weight[:, 1:]
    for g in range(groups):
        translator()(tables, w[g], found[g, 1:].swapaxes(0, 1))
    return found.reshape(groups, 1 + channels, count * depth)


def _product(weights: Tensor, codes: Tensor) -> Tensor:
    """Return the product of matrices of bytes, of shapes (channels, depth) and (depth, pixels), as int32."""
    if _multiplies_bytes(weights.device.type):
        return torch._int_mm(weights, codes)
    found = torch.zeros(len(weights), codes.shape[1], dtype=torch.int32, device=weights.device)
    for k in range(0, len(codes), _EXACT_IN_FLOAT32):
        part = slice(k, k + _EXACT_IN_FLOAT32)
        found += (weights[:, part].float() @ codes[part].float()).int()
    return found


@cache
def _multiplies_bytes(device: str) -> bool:
    """Return whether PyTorch multiplies int8 matrices exactly and fast.

    Without these instructions of the CPU, libraries add pairs of products in 16 bits, which saturate.
    """
    features = binding.get_host_cpu_features()
    instructions = any(features.get(name) for name in ("avx512vnni", "avxvnni"))
    return device == "cpu" and instructions and hasattr(torch, "_int_mm")


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep PyTorch to this thread, of which there may be several; each has a number of its own."""
    before = torch.get_num_threads()
    if before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _add_on_device(
    terms: DigitTerms, x: NDArray[np.uint8], w: NDArray[np.uint8], out: NDArray[np.int32], device: str
) -> None:
    """Add the terms' sums to ``out``, all but the factors' tables translated and multiplied on the device."""
    try:
        codes = torch.from_numpy(x).to(device).long()
        for group in terms.groups:
            weights = torch.from_numpy(_translated_weights(group, w)).to(device)
            tables = torch.from_numpy(group.of_activation).to(device)
            per_block = max(1, _DEVICE_BYTES // (len(tables) * x.shape[1]))
            for g in range(len(w)):
                for left in range(0, x.shape[2], per_block):
                    own = slice(left, left + per_block)
                    translated = tables[:, codes[g, :, own]].flatten(0, 1)
                    found = _product(weights[g], translated).cpu()
                    _add_difference(found.numpy(), group.shift, out[g, :, own])
    except torch.OutOfMemoryError as error:
        raise AccelsimError(f"device {device} has not enough memory: {_first_line(error)}") from error
    except RuntimeError as error:
        raise AccelsimError(f"device {device} does not run the product: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


@njit(cache=True, nogil=True)
def _add_difference(found: NDArray[np.int32], shift: int, out: NDArray[np.int32]) -> None:
    """Add what each channel has more than the first row, times a power of two, modulo 2^32."""
    for o in range(out.shape[0]):
        for p in range(out.shape[1]):
            out[o, p] += (found[o + 1, p] - found[0, p]) << shift
