"""Random streams of their own for each batch that an attack works on."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

__all__ = ["random_streams"]


@contextmanager
def random_streams(identity: list[object], device: torch.device) -> Iterator[None]:
    """Seed the global generators from the identity's hash, and put them back afterwards."""
    digest = hashlib.sha256(json.dumps(identity).encode()).digest()
    seed = int.from_bytes(digest[:8], "little")
    gpus = [device] if device.type == "cuda" else []
    numpy_state = np.random.get_state()  # noqa: NPY002 (Foolbox draws from the legacy global generator)
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(seed)
        for gpu in gpus:
            with torch.cuda.device(gpu):
                torch.cuda.manual_seed(seed)
        np.random.seed(seed % (1 << 32))  # noqa: NPY002
        try:
            yield
        finally:
            np.random.set_state(numpy_state)  # noqa: NPY002
