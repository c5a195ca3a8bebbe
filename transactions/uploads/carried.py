"""What a page carries of an upload between two steps: signed, for one person, void after a while.

Nothing of it is kept here: a circulation export says who borrowed what (C.G.S. 11-25(b)).
"""

from typing import Any

from django.core import signing

_OLDEST = 12 * 3600  # seconds, as long as somebody stays signed in
_LAPSED = "This preview is out of date. Nothing was saved. Send the file or paste the table again."


class UploadLapsed(ValueError):
    """What the page carried cannot be used any more; the message says what to do."""


def carry(data: dict[str, Any], *, salt: str) -> str:
    """Return data as a signed text for a hidden field."""
    return signing.dumps(data, salt=salt, compress=True)


def carried(text: str, *, salt: str, whose: list[int] | list[int | str] | None = None) -> dict[str, Any]:
    """Return the data that `carry` wrote, which say under `for` whose they are.

    Raises UploadLapsed where they are old, damaged or another's.
    """
    try:
        data: dict[str, Any] = signing.loads(text, salt=salt, max_age=_OLDEST)
    except signing.BadSignature:
        raise UploadLapsed(_LAPSED) from None
    if data.get("for") != whose:
        raise UploadLapsed(_LAPSED)
    return data
