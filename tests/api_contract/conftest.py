"""Left out of an ordinary run altogether: only reading these modules takes a while."""

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if config.option.markexpr != "api" and collection_path.suffix == ".py" else None
