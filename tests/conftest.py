"""What all tests share: hypothesis without time limits, and a cache folder of their own."""

import pytest
from hypothesis import settings

settings.register_profile("accelsim", deadline=None)  # the first call of a kernel compiles it
settings.load_profile("accelsim")


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory):
    """Keep every test out of the user's cache, child processes included."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCELSIM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
