"""Names become content: the hashes that identities are made of."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from typing import TypeVar

from accelsim.attacks.sweeps.cells import Calibration, Cell, Crafting, Images, Network, Victim
from accelsim.attacks.sweeps.content import Content, multiplier_sha256, tensors_sha256
from accelsim.errors import AccelsimError
from accelsim.float_products import FloatProducts
from accelsim.models.networks import architecture
from accelsim.progress import progress_bar

__all__ = ["resolved"]

Part = TypeVar("Part", bound=Hashable)


def resolved(cells: Iterable[Cell], *, progress: bool = False) -> list[Cell]:
    """Return cells with the hashes of all that they name; networks that are missing are trained.

    Parameters
    ----------
    cells : iterable of Cell
        In any state; a hash that is there already must be right.
    progress : bool
        Whether to show progress bars on stderr, if it is a terminal.

    Raises
    ------
    AccelsimError
        If a name is unknown, a file cannot be read, the parts of a cell do not fit one another, or a hash is
        another one.
    """
    resolution, found = _Resolution(progress), []
    cells = list(cells)
    with progress_bar("looking up networks, images and multipliers", len(cells), progress) as step:
        for cell in cells:
            found.append(resolution.cell(cell))
            step("")
    return found


class _Resolution:
    def __init__(self, progress: bool) -> None:
        self._content = Content(progress)
        self._done: dict[Hashable, Hashable] = {}

    def cell(self, cell: Cell) -> Cell:
        crafting = self._once(cell.crafting, self._crafting)
        victim = self._once(cell.victim, self._victim)
        self._once((crafting.source, crafting.images, victim.network), self._check_fit)
        return Cell(crafting, victim)

    def _once(self, part: Part, resolve: Callable[[Part], Part]) -> Part:
        if part not in self._done:
            self._done[part] = resolve(part)
        return self._done[part]  # type: ignore[return-value]  # of the type of its key

    def _network(self, network: Network) -> Network:
        trained = self._content.network(network)
        return replace(network, architecture=trained.network, sha256=trained.sha256)

    def _images(self, wanted: Images) -> Images:
        images, labels = self._content.images(wanted)
        return replace(wanted, count=len(images), sha256=tensors_sha256(images, labels))

    def _calibration(self, wanted: Calibration) -> Calibration:
        return replace(wanted, sha256=tensors_sha256(self._content.calibration(wanted)))

    def _crafting(self, crafting: Crafting) -> Crafting:
        source, images = crafting.source, crafting.images
        return replace(
            crafting, source=self._once(source, self._network), images=self._once(images, self._images)
        )

    def _victim(self, victim: Victim) -> Victim:
        network = self._once(victim.network, self._network)
        if not victim.multiplier:
            return replace(victim, network=network)
        multiplier = self._content.multiplier(victim.multiplier)
        calibration = None
        if not isinstance(multiplier, FloatProducts):
            victim.arithmetic.multiplier(multiplier)  # refuses what does not fit
            wanted = victim.calibration or Calibration(victim.network.dataset)
            calibration = self._once(wanted, self._calibration)
        return replace(
            victim,
            network=network,
            calibration=calibration,
            multiplier_sha256=multiplier_sha256(multiplier),
            netlist_sha256=None
            if isinstance(multiplier, FloatProducts)
            else multiplier.provenance.get("netlist_sha256"),
        )

    def _check_fit(self, parts: tuple[Network, Images, Network]) -> tuple[Network, Images, Network]:
        source, images, victim = parts
        shape = self._content.dataset(images.dataset).image_shape
        for role, network in (("source", source), ("victim", victim)):
            trained = self._content.network(network)
            own = architecture(trained.network)
            if own.image_shape != shape:
                raise AccelsimError(
                    f"{role} {network.name} takes images of shape {own.image_shape}; "
                    f"those of {images.dataset} have {shape}"
                )
        return parts
