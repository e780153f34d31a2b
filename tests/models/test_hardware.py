"""A trained network on other arithmetic, one call away."""

import pytest
import torch
from torch import nn

from accelsim import hardware_version
from accelsim.dorefa_conversion import dorefa_network
from accelsim.errors import AccelsimError
from accelsim.float_mac_layers import ApproxFloatLayer
from accelsim.models import (
    HARDWARE_VERSIONS,
    Dataset,
    accuracy_percent,
    calibration_images,
    trained_network,
)


@pytest.fixture(scope="module")
def trained(digits: Dataset):
    return trained_network("lenet5_guesmi", digits, epochs=2, progress=False)


def approximated(net: nn.Module) -> dict[str, str]:
    return {
        name: module.multiplier.name
        for name, module in net.named_modules()
        if isinstance(module, ApproxFloatLayer)
    }


def test_each_version_classifies_as_the_float_network_does(trained, digits: Dataset) -> None:
    images, labels = digits.test_subset(50)
    wanted = accuracy_percent(trained.net, images, labels)
    before = trained.net(images)
    outputs = {}
    for name in HARDWARE_VERSIONS:
        net = hardware_version(trained, name, calibration=calibration_images(digits, 64))
        assert not net.training
        assert accuracy_percent(net, images, labels) > wanted - 10, name
        outputs[name] = net(images)
    assert torch.equal(outputs.pop("float32"), before)
    assert torch.equal(trained.net(images), before)
    assert all(not torch.equal(output, before) for output in outputs.values())


def test_which_layers(trained) -> None:
    assert approximated(hardware_version(trained.net, "axfpm_authors")) == dict.fromkeys(
        ("conv1", "conv2"), "axfpm_authors"
    )
    every = ("conv1", "conv2", "fc1", "fc2")
    assert approximated(hardware_version(trained, "bfloat16")) == dict.fromkeys(every, "bf16_exact")
    assert list(approximated(hardware_version(trained, "axfpm_array24", layers="all"))) == list(every)
    assert list(approximated(hardware_version(trained, "heap_like24", layers=["fc2"]))) == ["fc2"]
    quantized = hardware_version(trained, "dorefa_w2")
    weights = [quantized.get_submodule(name).quantized_weight() for name in every[:3]]
    assert max(len(torch.unique(weight)) for weight in weights) <= 4
    assert type(quantized.get_submodule("fc2")) is torch.nn.Linear


def test_both_operand_orders(trained, digits: Dataset) -> None:
    images = digits.test_images[:20]
    as_a, as_b = (hardware_version(trained, "axfpm_array24", activation_operand=side) for side in ("a", "b"))
    assert not torch.equal(as_a(images), as_b(images))
    swapped = hardware_version(trained, "axfpm_array24_swapped")
    assert torch.equal(swapped(images), as_b(images))


def test_dorefa_names(trained, digits: Dataset) -> None:
    images = digits.test_images[:20]
    calibration = calibration_images(digits, 32)
    made = hardware_version(trained, "dorefa_w5a3", calibration=calibration)
    assert torch.equal(made(images), dorefa_network(trained.net, 5, 3, calibration=calibration)(images))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("axfpm_author", "did you mean axfpm_authors"),
        ("bflat16", "no hardware version 'bflat16'; did you mean bfloat16.*; there are float32, axfpm"),
        ("mul8u_exact", "no hardware version 'mul8u_exact'"),
        ("dorefa_w17", "bits of weights must be a whole number from 1 to 16, not 17"),
        ("dorefa_w4a4", "activations are to be quantized: give calibration data"),
    ],
)
def test_refusals(trained, name: str, message: str) -> None:
    with pytest.raises(AccelsimError, match=message) as caught:
        hardware_version(trained, name)
    assert "\n" not in str(caught.value)
    approximate = hardware_version(trained, "bfloat16")
    with pytest.raises(AccelsimError, match="approximate already"):
        hardware_version(approximate, "float32")
