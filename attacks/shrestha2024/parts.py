"""The list of the paper's tables and figures, and of what is measured beside them."""

from accelsim.attacks.reproduction.parts import Paper, Part

__all__ = ["PAPER"]

_PARTS = (
    Part("table-3", "Accuracy at each bit width", "direct:table_3"),
    Part("figure-7", "Barely visible sign steps, full precision", "fast_gradients:figure_7"),
    Part("table-6", "Direct attacks at each bit width", "direct:table_6"),
    Part("table-7", "L0 distance of JSMA", "direct:table_7"),
    Part("figure-3", "Iterations of the Boundary attack", "boundary:figure_3"),
    Part("figure-4", "Boundary at full precision and 1 bit", "boundary:figure_4"),
    Part("figure-6", "Boundary at 1 bit", "boundary:figure_6"),
    Part("unrecognisable", "Examples of Boundary that look like nothing", "boundary:unrecognisable"),
    Part("transfer-bits", "Transfer between bit widths", "transfer:between_bits"),
    Part("transfer-networks", "Transfer between networks and capacities", "transfer:between_networks"),
    Part("transfer-multipliers", "Transfer between multipliers", "transfer:between_multipliers"),
    Part("masking", "Is it gradient masking? The audit at each bit width", "masking:masking"),
    Part("approximate", "Direct attacks on approximate multipliers", "direct:approximate"),
    Part("figure-5", "Boundary at 1 bit, 1,000 iterations", "boundary:figure_5"),
)

PAPER = Paper("shrestha2024", "Shrestha and Großmann (2024)", _PARTS)
