"""What a document says, kept as JSON beside its files: its page, its tables and the next edition read it."""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import orjson

from reports.contents import (
    CorrectionPaper,
    DocumentContents,
    ExpenditureSummary,
    ParticipatingLibraries,
    PaymentList,
    UseReport,
)
from reports.models import Document, DocumentKind

_CONTENTS: Mapping[DocumentKind, type[DocumentContents]] = {
    DocumentKind.USE_REPORT: UseReport,
    DocumentKind.PARTICIPATING_LIBRARIES: ParticipatingLibraries,
    DocumentKind.EXPENDITURE_SUMMARY: ExpenditureSummary,
    DocumentKind.PAYMENT_LIST: PaymentList,
    DocumentKind.CORRECTION_STATEMENT: CorrectionPaper,
}


class NotKept(Exception):
    """What a document says was not kept as JSON: it is a statement, or older than its page."""


def json_of(contents: DocumentContents) -> bytes:
    """Return contents as JSON: amounts in whole cents, days as ISO dates, null for what is not known."""
    return orjson.dumps(contents, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def contents_of(document: Document) -> Any:
    """Return the contents that a document was made from, as its kind has them.

    Raises NotKept where there are none, FileNotFoundError where the storage lost them.
    """
    kind = DocumentKind(document.kind)
    if kind not in _CONTENTS or not document.json:
        raise NotKept(f"{document} has no page: what it says was not kept beside its files.")
    with document.json.open("rb") as file:
        return read_contents(kind, file.read())


def read_contents(kind: DocumentKind, content: bytes) -> Any:
    """Return contents from their JSON; a field that they did not have yet has its default."""
    return _read(_CONTENTS[kind], orjson.loads(content))


def _read(what: Any, value: Any) -> Any:
    if value is None:
        return None
    if get_origin(what) in (Union, types.UnionType):
        (what,) = (one for one in get_args(what) if one is not types.NoneType)
        return _read(what, value)
    if get_origin(what) is tuple:
        return tuple(_read(get_args(what)[0], one) for one in value)
    if is_dataclass(what):
        hints = get_type_hints(what)
        known = (field.name for field in fields(what) if field.name in value)
        return what(**{name: _read(hints[name], value[name]) for name in known})  # type: ignore[operator]
    if what is date:
        return date.fromisoformat(value)
    return what(value) if isinstance(what, type) and issubclass(what, Enum) else value
