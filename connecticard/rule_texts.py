"""What pages say in both languages though no page and no view holds it: kinds of rules, and roles."""

from collections.abc import Iterator

from connecticard.models import Role
from connecticard.rulebook import Label


def texts() -> Iterator[str]:
    """Yield the word for each way in which an entry of the rulebook came to be, and each role."""
    yield from (label.value for label in Label)
    yield from (role.label for role in Role)
