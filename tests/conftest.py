"""What all tests share: hypothesis without time limits, and folders of their own."""

import pytest
from hypothesis import settings

settings.register_profile("accelsim", deadline=None)  # the first call of a kernel compiles it
settings.load_profile("accelsim")


@pytest.fixture(autouse=True, scope="session")
def own_folders(tmp_path_factory: pytest.TempPathFactory):
    """Keep every test out of the user's cache and imported multipliers, child processes included."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCELSIM_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("ACCELSIM_HOME", str(tmp_path_factory.mktemp("home")))
        yield
