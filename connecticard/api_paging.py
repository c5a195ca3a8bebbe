"""Pages of a list: a page begins after the last row of the one before it, whatever was added meanwhile."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from rest_framework.request import Request

from connecticard.api_filters import WholeNumberField
from connecticard.api_problems import Mistake, NoSuchPage, Refused
from connecticard.api_rendering import Record, rows

PARAMETERS = ("cursor", "page_size")


@dataclass(frozen=True)
class Paging:
    """The order of a list and the size of its pages.

    `order` names columns that together tell rows apart, each with its type. One that may be empty is also
    named in `may_be_empty`; what is empty comes last.
    """

    order: Mapping[str, type]
    may_be_empty: frozenset[str] = frozenset()
    descending: bool = False
    size: int = 200
    greatest_size: int = 1000

    def page(self, request: Request, queryset: QuerySet[Any], record: Record) -> dict[str, Any]:
        """Return one page: `next` and `previous` addresses or None, and `results`."""
        size = self._size(request)
        cursor = request.query_params.get("cursor")
        backward, beyond = self._decoded(cursor) if cursor is not None else (False, None)
        if beyond is not None:
            queryset = queryset.filter(self._beyond(beyond, falling=self.descending != backward))
        sign = "-" if self.descending != backward else ""
        queryset = queryset.order_by(*(sign + column for column in self.order))[: size + 1]
        results, key = rows(queryset, record, tuple(self.order))
        more = len(results) > size
        del results[size:]
        return self._answer(request, results, key, backward=backward, more=more, started=beyond is not None)

    def page_of_rows(self, request: Request, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return one page of rows that are not one query's; each holds the columns of the order.

        No two rows have the same values in those columns.
        """
        size = self._size(request)
        cursor = request.query_params.get("cursor")
        backward, beyond = self._decoded(cursor) if cursor is not None else (False, None)

        def key_of(row: dict[str, Any]) -> tuple[Any, ...]:
            return tuple(row[column] for column in self.order)

        ordered = sorted(found, key=key_of, reverse=self.descending != backward)
        if beyond is not None:
            start = tuple(beyond)
            falling = self.descending != backward
            ordered = [row for row in ordered if (key_of(row) < start if falling else key_of(row) > start)]
        return self._answer(
            request,
            (results := ordered[:size]),
            lambda index: key_of(ordered[index]),
            backward=backward,
            more=len(ordered) > len(results),
            started=beyond is not None,
        )

    def _answer(
        self,
        request: Request,
        results: list[dict[str, Any]],
        key: Callable[[int], Sequence[Any]],
        *,
        backward: bool,
        more: bool,
        started: bool,
    ) -> dict[str, Any]:
        """Return rows in the order in which they were read as a page; `started` after the first page."""
        first, last = 0, len(results) - 1
        if backward:
            results.reverse()
            first, last = last, first
        ahead, behind = (True, more) if backward else (more, started)
        return {
            "next": self._address(request, "next", key(last)) if results and ahead else None,
            "previous": self._address(request, "previous", key(first)) if results and behind else None,
            "results": results,
        }

    def _size(self, request: Request) -> int:
        given = request.query_params.get("page_size")
        if given is None:
            return self.size
        field = WholeNumberField(least=1, greatest=self.greatest_size)
        try:
            return field.to_python(given) or self.size
        except ValidationError as error:
            text = " ".join(error.messages)
            raise Refused(
                [Mistake("invalid_parameter", "page_size", f"page_size is {given!r}. {text}", text)]
            ) from None

    def _address(self, request: Request, way: str, key: Sequence[Any]) -> str:
        text = orjson.dumps([way, *key])
        query = request.query_params.copy()
        query["cursor"] = base64.urlsafe_b64encode(text).decode().rstrip("=")
        return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")

    def _decoded(self, cursor: str) -> tuple[bool, list[Any]]:
        """Return whether a cursor goes backward and the key it starts from; NoSuchPage where it has none."""
        try:
            text = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), b"-_", validate=True)
            way, *key = orjson.loads(text)
            if way not in ("next", "previous") or len(key) != len(self.order):
                raise NoSuchPage
            return way == "previous", [
                None if part is None and column in self.may_be_empty else _value(part, kind)
                for part, (column, kind) in zip(key, self.order.items(), strict=True)
            ]
        except (UnicodeError, binascii.Error, ValueError, TypeError):
            raise NoSuchPage from None

    def _beyond(self, key: Sequence[Any], *, falling: bool) -> Q:
        """Return the condition that a row comes after a key in the order of its columns."""
        beyond = Q(pk__in=())  # no row comes after itself
        for column, value in reversed(list(zip(self.order, key, strict=True))):
            beyond = self._after(column, value, falling=falling) | Q(**{column: value}) & beyond
        return beyond

    def _after(self, column: str, value: Any, *, falling: bool) -> Q:
        """Return the condition that a row's value in one column comes after this one."""
        if value is None:
            return Q(**{f"{column}__isnull": False}) if falling else Q(pk__in=())
        after = Q(**{f"{column}__{'lt' if falling else 'gt'}": value})
        if column in self.may_be_empty and not falling:
            after |= Q(**{f"{column}__isnull": True})
        return after


def _value(part: Any, kind: type) -> Any:
    """Return one value of a cursor; ValueError or TypeError where it is of another type than its column."""
    if kind is date:
        return date.fromisoformat(part)
    if type(part) is not kind:
        raise TypeError
    if (isinstance(part, int) and not 0 <= part < 2**63) or (isinstance(part, str) and "\0" in part):
        raise ValueError
    return part
