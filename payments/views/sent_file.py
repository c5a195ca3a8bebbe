"""A file that somebody sends to be looked at first: the page carries it, signed, until it is taken over."""

import base64
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from payments.views.access import person
from transactions.uploads.carried import carried, carry
from transactions.uploads.tables import TableRefused


@dataclass(frozen=True)
class SentFile:
    """A file by its name and its bytes."""

    name: str
    content: bytes


def sent_file(request: HttpRequest, *, largest: int) -> SentFile:
    """Return the file of a form. Raises TableRefused where there is none, an empty or a larger one."""
    file: Any = request.FILES.get("file")
    if file is None:
        raise TableRefused("Choose a file.")
    if getattr(file, "is_too_large", False):
        raise TableRefused(
            f"The file is larger than {largest // 1_000_000} MB. Send the file of one run alone."
        )
    content = file.read()
    if not content.strip():
        raise TableRefused("The file is empty. Choose another.")
    return SentFile(str(file.name or "file")[:250], content)


def carried_in_page(file: SentFile, request: HttpRequest, *, salt: str, of: int) -> str:
    """Return the file as text for a hidden field: for this person and the record `of` alone."""
    return carry(
        {
            "for": [of, person(request).pk],
            "name": file.name,
            "content": base64.b64encode(file.content).decode(),
        },
        salt=salt,
    )


def file_from_page(request: HttpRequest, *, salt: str, of: int) -> SentFile:
    """Return the file that the page carried. Raises UploadLapsed where it is old, damaged or another's."""
    data = carried(request.POST.get("upload", ""), salt=salt, whose=[of, person(request).pk])
    return SentFile(data["name"], base64.b64decode(data["content"]))
