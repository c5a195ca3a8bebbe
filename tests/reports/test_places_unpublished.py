"""The pages of places and of flows before the payments of any year are published."""

import pytest

from tests.factories import make_home_library
from tests.page_text import text

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address",
    ["/flows/", "/flows/libraries/", "/libraries/CT0001/", "/libraries/CT0001/advocacy/", "/towns/1/"],
)
def test_page_says_that_nothing_is_published_yet(client, address):
    library = make_home_library(key="CT0001")
    library.town.number = 1
    library.town.save()

    assert "No payments are published yet" in text(client.get(address))


@pytest.mark.parametrize(
    "address", ["/flows/towns.csv", "/flows/libraries-net.csv", "/libraries/CT0001/advocacy.pdf"]
)
def test_there_is_no_file_yet(client, address):
    make_home_library(key="CT0001")

    assert client.get(address).status_code == 404
