import pytest

from libraries.roster import load_roster


@pytest.fixture
def roster(db):
    """The shipped roster on record."""
    return load_roster()
