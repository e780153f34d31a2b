"""The integer arithmetic of a network's layers: number format, operands, granularity, which layers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor, nn

from accelsim.approx_layer import ActivationOperand
from accelsim.conversion import WeightScales, approximate, check_choices
from accelsim.errors import AccelsimError, nearest
from accelsim.lut import Lut
from accelsim.narrowed_multipliers import Placement, check_format, narrowed, sign_magnitude

__all__ = ["Arithmetic", "Scheme"]

#: How a real number becomes a multiplier's operand.
Scheme = Literal["unsigned", "signed", "sign-magnitude"]


@dataclass(frozen=True)
class Arithmetic:
    """How layers of a network compute, but for the multiplier itself.

    Parameters
    ----------
    scheme : {"unsigned", "signed", "sign-magnitude"}
        Unsigned: affine levels from 0 up on an unsigned multiplier, zero points corrected by exact adders.
        Signed: symmetric levels in two's complement on a signed multiplier. Sign-magnitude: symmetric levels,
        an unsigned multiplier of the magnitudes and an XOR of the signs.
    bits : int
        Width of activations and weights, 2 to 8: "Qlevel" of Siddique and Hoque (DATE 2022, algorithm 1).
    placement : {"high", "low"}
        Where operands narrower than the multiplier's sit in it, see `accelsim.narrowed_multipliers.narrowed`.
    activation_operand : {"a", "b"}
        The multiplier's operand that activations go to.
    weights : {"per-tensor", "per-channel"}
        One scale and zero point of the weights per layer, or per output channel.
    layers : {"all", "conv", "linear"} or tuple of str
        Which layers compute so; the others stay float.

    Raises
    ------
    AccelsimError
        If a choice is not one of those above, or the width out of range.
    """

    scheme: Scheme = "unsigned"
    bits: int = 8
    placement: Placement = "high"
    activation_operand: ActivationOperand = "a"
    weights: WeightScales = "per-tensor"
    layers: str | tuple[str, ...] = "conv"

    def __post_init__(self) -> None:
        schemes = get_args(Scheme)
        if self.scheme not in schemes:
            hint = nearest(str(self.scheme), schemes)
            raise AccelsimError(f"scheme is {self.scheme!r}; expected {', '.join(schemes)}{hint}")
        check_format(self.bits, self.placement)
        check_choices(self.activation_operand, self.weights, "min-max", 100)
        if isinstance(self.layers, Iterable) and not isinstance(self.layers, str):
            object.__setattr__(self, "layers", tuple(self.layers))

    def multiplier(self, lut: Lut) -> Lut:
        """Return what layers multiply with: a multiplier of this width and signedness, made of another.

        Raises
        ------
        AccelsimError
            If the scheme is signed and the multiplier is not, or the other way round, or it is too narrow.
        """
        if self.scheme == "sign-magnitude":
            return sign_magnitude(lut, self.bits, self.placement)
        if lut.signed != (self.scheme == "signed"):
            own = "signed" if lut.signed else "unsigned or sign-magnitude"
            raise AccelsimError(
                f"{lut.name} is {'a signed' if lut.signed else 'an unsigned'} multiplier and the scheme is "
                f"{self.scheme}; expected scheme {own}"
            )
        return narrowed(lut, self.bits, self.placement)

    def network(self, net: nn.Module, lut: Lut, calibration: Tensor) -> nn.Module:
        """Return a quantized copy of a float network that computes so on a multiplier.

        Parameters
        ----------
        net : nn.Module
            The float network.
        lut : Lut
            The multiplier, as wide as ``bits`` or wider.
        calibration : float tensor of shape (images, ...)
            Inputs of the network that are typical of its use.

        Raises
        ------
        AccelsimError
            As `multiplier` and `accelsim.approximate` do.
        """
        return approximate(
            net,
            self.multiplier(lut),
            calibration=calibration,
            layers=self.layers,
            activation_operand=self.activation_operand,
            weights=self.weights,
        )
