"""The versions of a trained float network that Guesmi et al. (ASPLOS 2021) compare, without retraining."""

import copy
import re
from collections.abc import Iterable

from torch import Tensor, nn

from accelsim.approx_layer import ActivationOperand
from accelsim.conversion import approximate, check_float_net
from accelsim.dorefa_conversion import dorefa_network
from accelsim.errors import AccelsimError, nearest
from accelsim.models.training import TrainedNetwork
from accelsim.rtl.catalogue import load_float_multiplier
from accelsim.rtl.float_names import is_float_name

__all__ = ["HARDWARE_VERSIONS", "hardware_version"]

#: Names that `hardware_version` takes, among those of all float multipliers and numbers of bits.
HARDWARE_VERSIONS = (
    "float32", "axfpm_array24", "axfpm_blocks4", "axfpm_authors", "heap_like24", "bfloat16",
    "dorefa_w4", "dorefa_w4a4",
)  # fmt: skip
_DOREFA = re.compile(r"dorefa_w(\d+)(?:a(\d+))?")


def hardware_version(
    net: nn.Module | TrainedNetwork,
    name: str,
    *,
    layers: str | Iterable[str] | None = None,
    activation_operand: ActivationOperand = "a",
    calibration: Tensor | None = None,
) -> nn.Module:
    """Return a trained float network as another arithmetic computes it, with the same weights.

    Parameters
    ----------
    net : nn.Module or TrainedNetwork
        The float network; it is not changed.
    name : str
        ``"float32"``: a copy. A float multiplier of `accelsim.rtl.float_names`, such as ``"axfpm_authors"``
        or ``"heap_like24"``; ``"bfloat16"`` is ``"bf16_exact"``. ``"dorefa_w4"``: weights of 4 bits as in
        DoReFa-Net; ``"dorefa_w4a4"``: activations too; any of 1 to 16 bits.
    layers : {"all", "conv", "linear"} or iterable of str, optional
        Which layers it is for; the others stay in float32. Default, as in the paper: convolutions on Ax-FPM
        and HEAP-like multipliers, all layers on others, all but the last in DoReFa-Net.
    activation_operand : {"a", "b"}
        The multiplier's operand that activations go to: the two orders of Ax-FPM.
    calibration : float tensor of shape (images, ...), optional
        Inputs of the network that are typical of its use; needed where activations are quantized.

    Returns
    -------
    nn.Module
        In evaluation mode, on the CPU, with straight-through gradients.

    Raises
    ------
    AccelsimError
        If the name is none of these, or as `accelsim.approximate` and
        `accelsim.dorefa_conversion.dorefa_network` say.
    """
    net = net.net if isinstance(net, TrainedNetwork) else net
    if name == "float32":
        check_float_net(net)
        return copy.deepcopy(net).eval()
    if dorefa := _DOREFA.fullmatch(name):
        weight_bits, activation_bits = dorefa.groups()
        return dorefa_network(
            net,
            int(weight_bits),
            None if activation_bits is None else int(activation_bits),
            calibration=calibration,
            layers=layers,
        )
    multiplier = "bf16_exact" if name == "bfloat16" else name
    if not is_float_name(multiplier):
        hint = nearest(name, HARDWARE_VERSIONS)
        raise AccelsimError(
            f"no hardware version {name!r}{hint}; there are {', '.join(HARDWARE_VERSIONS)} "
            "and all float multipliers"
        )
    if layers is None:
        layers = "conv" if multiplier.startswith(("axfpm", "heap")) else "all"
    return approximate(
        net, load_float_multiplier(multiplier), layers=layers, activation_operand=activation_operand
    )
