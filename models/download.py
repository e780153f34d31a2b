"""Published files, downloaded and held to their checksums."""

from collections.abc import Iterable
from pathlib import Path

from accelsim.errors import AccelsimError

__all__ = ["download"]

_SECONDS_TO_CONNECT = 10


def download(
    dataset: str, mirrors: Iterable[str], name: str, checksum: str, folder: Path, expected: str
) -> Path:
    """Download a file into a folder and return its path there.

    Parameters
    ----------
    dataset : str
        What it belongs to, for the error message.
    mirrors : iterable of str
        Addresses of folders that hold it, in the order tried.
    name : str
        Its name, there and here.
    checksum : str
        SHA-256, or another hash with its name before it (``md5:...``), both hexadecimal.
    folder : Path
        Where it goes; made where it is missing.
    expected : str
        What files the user may put there instead, for the error message.

    Raises
    ------
    AccelsimError
        If no mirror gives the file with that checksum, or the folder cannot be written.
    """
    import pooch  # type: ignore[import-untyped]

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("WARNING")  # its announcements would stand between a progress bar's frames
    reason = "no mirror"
    try:
        for mirror in mirrors:
            downloader = pooch.HTTPDownloader(timeout=_SECONDS_TO_CONNECT)
            try:
                pooch.retrieve(mirror + name, checksum, fname=name, path=folder, downloader=downloader)
            except ValueError as error:  # another checksum
                reason = " ".join(str(error).split())
            except OSError as error:  # no network, or the folder cannot be written
                reason = error.strerror or type(error).__name__
            else:
                return folder / name
    finally:
        logger.setLevel(level)
    raise AccelsimError(
        f"{dataset}: {name} is not in {folder} and could not be downloaded ({reason}); "
        f"expected there: {expected}"
    )
