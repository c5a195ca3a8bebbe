"""Whatever a test that commits leaves or takes away, the next one begins with what migrations brought."""

import pytest

from payments.models import ExpenditureCategory


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["before", "after"])
def test_rows_of_migrations_are_there_again(turn):
    assert ExpenditureCategory.objects.exists()

    ExpenditureCategory.objects.all().delete()
