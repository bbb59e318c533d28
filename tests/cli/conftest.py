from collections.abc import Iterator

import pytest
from compiled_engine import cache_of_its_own


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Processes started here measure threads and remember the answer: not among what the user's own runs remember."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache_of_its_own(tmp_path_factory.mktemp("cache"))))
        yield
