"""Counts of operand pairs against a count of every product, one by one."""

from contextlib import suppress

import numpy as np
import pytest
import torch
from torch import nn

from accelsim.conversion import approximate
from accelsim.errors import AccelsimError
from accelsim.lut import Lut, operand_values
from accelsim.operand_distribution import load_distribution, save_distribution
from accelsim.operand_histograms import operand_histograms


def exact_lut(width: int, signed: bool) -> Lut:
    values = operand_values(width, signed)
    return Lut("exact", np.multiply.outer(values, values).astype(np.int32), signed)


def counted_one_by_one(layer, image: np.ndarray) -> np.ndarray:
    """Walk over the output pixels of a convolution."""
    counts = np.zeros(layer.lut.table.shape, dtype=np.int64)
    conv = layer.geometry
    (top_rows, left_columns), (kernel_rows, kernel_columns) = (
        conv.padding[2:3] + conv.padding[:1],
        conv.kernel,
    )
    codes = layer.activation_params.quantize(image[None])[0]
    zero = int(layer.activation_zero_point)
    padded = np.full(
        (len(codes), codes.shape[1] + 2 * top_rows, codes.shape[2] + 2 * left_columns), zero, np.uint8
    )
    padded[:, top_rows : top_rows + codes.shape[1], left_columns : left_columns + codes.shape[2]] = codes
    weight = layer.weight_params.quantize(layer.weight.detach().numpy())
    rows, columns = conv.output_size(*codes.shape[1:])
    per_group = len(codes) // conv.groups
    for channel in range(len(weight)):
        group = channel // (len(weight) // conv.groups)
        seen = padded[group * per_group : (group + 1) * per_group]
        for row in range(rows):
            for column in range(columns):
                y, x = row * conv.stride[0], column * conv.stride[1]
                patch = seen[:, y : y + kernel_rows, x : x + kernel_columns]
                np.add.at(counts, (patch.ravel(), weight[channel].ravel()), 1)
    return counts


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("operand", ["a", "b"])
def test_counts_are_those_of_every_product(signed, operand):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), nn.ReLU(), nn.Flatten(), nn.Linear(54, 5)
    )
    images = torch.rand(11, 4, 6, 6) - 0.3
    lut = exact_lut(6, signed)
    victim = approximate(net, lut, calibration=images, activation_operand=operand).eval()
    counts = operand_histograms(victim, images, batch_size=4)
    assert list(counts) == ["0", "3"]
    expected = sum(counted_one_by_one(victim[0], image) for image in images.numpy())
    assert (counts["0"] == (expected if operand == "a" else expected.T)).all()
    hidden = victim[2](victim[1](victim[0](images))).detach().numpy()
    activations = victim[3].activation_params.quantize(hidden)
    weights = victim[3].weight_params.quantize(victim[3].weight.detach().numpy())
    linear = np.zeros((64, 64), dtype=np.int64)
    np.add.at(linear, tuple(np.broadcast_arrays(activations[:, None], weights[None])), 1)
    assert (counts["3"] == (linear if operand == "a" else linear.T)).all()


def test_a_layer_that_is_called_by_keyword():
    class ByName(nn.Sequential):
        def forward(self, x):
            return self[0](input=x)

    images = torch.rand(8, 4)
    by_name = approximate(ByName(nn.Linear(4, 2)), exact_lut(4, False), calibration=images)
    plain = nn.Sequential(by_name[0])
    assert (operand_histograms(by_name, images)["0"] == operand_histograms(plain, images)["0"]).all()


def test_nothing_is_left_behind_in_the_network():
    net = approximate(nn.Sequential(nn.Linear(4, 2)), exact_lut(4, False), calibration=torch.rand(8, 4))
    operand_histograms(net, torch.rand(3, 4))
    assert not net[0]._forward_pre_hooks
    with pytest.raises(AccelsimError, match="no layer on an approximate multiplier"):
        operand_histograms(nn.Linear(4, 2), torch.rand(3, 4))


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_distributions_come_back(tmp_path, name):
    pairs = np.arange(16 * 8).reshape(16, 8)
    save_distribution(tmp_path / name, pairs)
    assert (load_distribution(tmp_path / name, (16, 8)) == pairs).all()
    with pytest.raises(AccelsimError, match=r"has shape \(16, 8\); these operands need \(8, 16\)"):
        load_distribution(tmp_path / name, (8, 16))


def test_histograms_of_independent_operands(tmp_path):
    np.savez(tmp_path / "x.npz", a=[1, 2], b=[3, 0, 4])
    assert load_distribution(tmp_path / "x.npz", (2, 3)).tolist() == [[3, 0, 4], [6, 0, 8]]


def test_files_that_are_no_distribution(tmp_path):
    with pytest.raises(AccelsimError, match=r"must end in \.npy or \.npz"):
        save_distribution(tmp_path / "x.csv", np.ones((4, 4)))
    with pytest.raises(AccelsimError, match="cannot read"):
        load_distribution(tmp_path / "missing.npy", (4, 4))
    np.savez(tmp_path / "other.npz", table=np.ones((4, 4)))
    with pytest.raises(AccelsimError, match="expected an array pairs, or a and b"):
        load_distribution(tmp_path / "other.npz", (4, 4))
    (tmp_path / "bad.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(AccelsimError, match="damaged"):
        load_distribution(tmp_path / "bad.npy", (4, 4))
    save_distribution(tmp_path / "good.npz", np.random.default_rng(0).integers(0, 9, (64, 64)))
    content = (tmp_path / "good.npz").read_bytes()
    for place in range(0, len(content), 7):  # somewhere in the headers, the compressed data, its checksum
        (tmp_path / "bad.npz").write_bytes(
            content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :]
        )
        with suppress(AccelsimError):
            load_distribution(tmp_path / "bad.npz", (64, 64))
