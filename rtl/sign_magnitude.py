"""A signed multiplier around any unsigned one."""

from amaranth.hdl import Module, Mux

from accelsim.errors import AccelsimError
from accelsim.rtl.multiplier import Multiplier

__all__ = ["SignMagnitudeMultiplier"]


class SignMagnitudeMultiplier(Multiplier):
    """Two's complement in and out, an unsigned multiplier of the magnitudes in between.

    The magnitude of the most negative operand, ``2^(n-1)``, fits n bits, so the unsigned multiplier has the
    same width. The product is negated if the operands' signs differ; it wraps modulo ``2^(2n)``, which only
    an unsigned multiplier that overestimates by a factor of two can cause.

    Parameters
    ----------
    unsigned : Multiplier
        The multiplier of the magnitudes.

    Raises
    ------
    AccelsimError
        If that is not a multiplier, or a signed one.
    """

    def __init__(self, unsigned: Multiplier) -> None:
        if not isinstance(unsigned, Multiplier):
            raise AccelsimError(
                f"SignMagnitudeMultiplier: unsigned is {unsigned!r}; expected an unsigned multiplier"
            )
        if unsigned.signed:
            raise AccelsimError(
                f"SignMagnitudeMultiplier: unsigned is a {type(unsigned).__name__}, which is signed; "
                "expected an unsigned multiplier"
            )
        super().__init__(unsigned.width, signed=True)
        self.unsigned = unsigned

    def elaborate(self, platform: object) -> Module:
        """Describe the absolute values and the negation around the unsigned multiplier."""
        m = Module()
        m.submodules.magnitude = magnitude = self.unsigned
        negative = (self.a < 0) ^ (self.b < 0)
        m.d.comb += [
            magnitude.a.eq(Mux(self.a < 0, -self.a, self.a)),
            magnitude.b.eq(Mux(self.b < 0, -self.b, self.b)),
            self.p.eq(Mux(negative, -magnitude.p, magnitude.p)),
        ]
        return m
