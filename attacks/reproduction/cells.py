"""What has been computed already, kept in files named by the hash of everything it follows from."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from accelsim.storage import written_atomically

__all__ = ["Cells"]


@dataclass(frozen=True)
class Cells:
    """A folder of results, one file each; a run that was stopped finds those it had finished.

    Parameters
    ----------
    folder : Path
        Made when the first is written.
    versions : mapping of str to str
        Of the software; part of every identity.
    """

    folder: Path
    versions: Mapping[str, str]
    _found: dict[Path, float] = field(default_factory=dict, init=False)

    @property
    def seconds_before(self) -> float:
        """Processor time that the results found in files so far had taken, each once."""
        return sum(self._found.values())

    def tensors(
        self, name: str, identity: Mapping[str, Any], compute: Callable[[], dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Return tensors from their file, or compute and keep them.

        Parameters
        ----------
        name : str
            What they are, for the file's name.
        identity : mapping of str to JSON values
            Everything that they follow from, beside the versions.
        compute : callable
            Makes them.

        Raises
        ------
        AccelsimError
            If the file cannot be written.
        """
        text = json.dumps({**identity, "versions": dict(self.versions)}, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        safe = "".join(letter if letter.isalnum() else "-" for letter in name)
        path = self.folder / f"{safe}-{digest}.safetensors"
        if path.is_file():
            try:
                return self._read(path)
            except (SafetensorError, OSError):
                pass  # damaged: computed again
        start = time.process_time()
        found = compute()
        seconds = time.process_time() - start
        with written_atomically(path) as file:
            file.write(save(found, {"identity": text, "seconds": repr(seconds)}))
        self._found[path] = 0.0  # in this run's own time
        return found

    def _read(self, path: Path) -> dict[str, Tensor]:
        with safe_open(path, "pt") as file:
            found = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (it is no mapping)
            seconds = float((file.metadata() or {}).get("seconds", 0))
        self._found.setdefault(path, seconds)
        return found
