"""Former name of `accelsim.integer_inference`, which hid the function `accelsim.integer_network`."""

from accelsim.integer_inference import IntegerNetwork, integer_network

__all__ = ["IntegerNetwork", "integer_network"]
