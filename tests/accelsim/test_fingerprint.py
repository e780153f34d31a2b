"""Fingerprints: equal for equal bytes, different for every kind of change that weights undergo."""

import pytest
import torch

from accelsim.fingerprint import fingerprint


@pytest.mark.parametrize("shape", [(1,), (7,), (64, 3, 5, 5), (2000, 33)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_fingerprint_follows_the_bytes(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    tensor = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(dtype)
    seen = {fingerprint(tensor)}
    assert fingerprint(tensor.clone()) in seen
    for change in (
        lambda t: -t,  # flips the highest bit of every word
        lambda t: t * 2,
        lambda t: t + 1,
        lambda t: t.zero_(),
        lambda t: t.flatten().index_fill(0, torch.tensor([t.numel() - 1]), 3.5).reshape(shape),
    ):
        found = fingerprint(change(tensor.clone()))
        assert found not in seen
        seen.add(found)
    if tensor.numel() > 1:
        assert fingerprint(tensor.flatten().flip(0).reshape(shape)) not in seen


def test_every_bit_of_every_place_counts() -> None:
    tensor = torch.zeros(600, dtype=torch.float64)
    bits = tensor.view(torch.int64)
    seen = {fingerprint(tensor)}
    for place in (0, 1, 2, 511, 512, 599):
        for bit in range(64):
            bits[place] ^= 1 << bit if bit < 63 else -(1 << 63)
            seen.add(fingerprint(tensor))
            bits[place] = 0
    assert len(seen) == 1 + 6 * 64


def test_changes_through_data_and_in_pairs_are_seen() -> None:
    tensor = torch.randn(4, 1000, requires_grad=True)
    before = fingerprint(tensor)
    with torch.no_grad():
        tensor.data[1, [3, 4]] *= -1
    assert fingerprint(tensor) != before
