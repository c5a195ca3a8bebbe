"""How records become JSON: rows of a query are read by column and written as they are.

A `Record` describes one row for the OpenAPI schema and names the columns that each field is read from, so
that what is described and what is written are one thing. A list costs what its query costs.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from operator import itemgetter
from typing import Any
from urllib.parse import quote

import orjson
from django.db import connection, transaction
from django.db.models import Expression, F, QuerySet
from django.db.models.query import ValuesListIterable
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer

from connecticard.clock import EASTERN

API_ROOT = "/api/v1/"
_BLOCK = 64 * 1024


class JSONRenderer(BaseRenderer):
    """Writes JSON; dates and times in ISO 8601."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return b"" if data is None else orjson.dumps(data, default=str)

    @staticmethod
    def readable(data: Any) -> str:
        """Return JSON as a person reads it, in several lines."""
        return orjson.dumps(data, option=orjson.OPT_INDENT_2).decode()


class CSVRenderer(JSONRenderer):
    """Chosen by who asks for a list as CSV, which is streamed; only a refusal is written here, as JSON."""

    media_type = "text/csv"
    format = "csv"


# Fields


class Computed:
    """Mixed into a field that is worked out from one or more columns, its own name unless said."""

    columns: tuple[str, ...]

    def read(self, *values: Any) -> Any:
        """Return what is written for the columns' values."""
        raise TypeError(f"{type(self).__name__} does not say how it is read")


class MomentField(Computed, serializers.DateTimeField):
    """A moment, in Eastern time with its offset."""

    def __init__(self, column: str | None = None, **settings: Any) -> None:
        super().__init__(**settings)
        self.columns = (column,) if column else ()

    def read(self, *values: Any) -> datetime | None:
        return values[0] and values[0].astimezone(EASTERN)


class LastDayField(Computed, serializers.DateField):
    """The last day of a range, itself included; None where the range is open."""

    def __init__(self, column: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.columns = (f"{column}__endswith",)

    def read(self, *values: Any) -> date | None:
        return values[0] and values[0] - timedelta(days=1)


class ComposedField(Computed, serializers.CharField):
    """A text put together from columns, such as the key of a record that is known by several facts."""

    def __init__(self, pattern: str, *columns: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.pattern, self.columns = pattern, columns

    def read(self, *values: Any) -> str | None:
        return None if None in values else self.pattern.format(*values)


class GivenField(Computed, serializers.CharField):
    """A text; None where its column holds an empty one."""

    def __init__(self, column: str, **settings: Any) -> None:
        super().__init__(allow_null=True, **settings)
        self.columns = (column,)

    def read(self, *values: Any) -> str | None:
        return values[0] or None


@extend_schema_field({"type": "string", "format": "uri"})
class LinkField(Computed, serializers.CharField):
    """The address of a record or of a list; None where a column that it needs is empty.

    A path that begins with a stroke leads out of the interface, to a page or a file. Where a `file` is named,
    the address is None as long as that column is empty.
    """

    def __init__(self, path: str, *columns: str, file: str = "", **settings: Any) -> None:
        super().__init__(**settings)
        self.path, self.file = path, file
        self.columns = (*columns, file) if file else columns

    def read(self, *values: Any) -> str | None:
        if None in values or (self.file and not values[-1]):
            return None
        path = self.path.format(*(quote(str(value), safe="") for value in values))
        root: str = self.context["root"]
        return root.removesuffix(API_ROOT) + path if path.startswith("/") else root + path


class ListOf(Computed, serializers.ListField):
    """Small rows inside a row, from a column that holds them as JSON objects."""

    def __init__(self, child: serializers.Serializer, column: str) -> None:
        super().__init__(child=child)
        self.columns = (column,)

    def read(self, *values: Any) -> list[Any]:
        return values[0] or []


# Rows


class Record(serializers.Serializer):
    """What one row looks like. A plain field is read from the column that its name or `source` says."""

    example: dict[str, Any] = {}


Read = Callable[[Sequence[Any]], Any]
Key = tuple[Any, ...]


def rows(
    queryset: QuerySet[Any], record: Record, key: Sequence[str] = ()
) -> tuple[list[dict[str, Any]], Callable[[int], Key]]:
    """Return a queryset's rows as the record describes them, and what gives the key columns of one."""
    places: dict[str, int] = {}
    read = _reader(record, places)
    names = list(record.fields)
    plain = len(places) == len(names) and not any(
        isinstance(field, Record | Computed) for field in record.fields.values()
    )
    keys = [places.setdefault(column, len(places)) for column in key]
    # A page is read whole at once; Django would otherwise ask for its rows a hundred at a time.
    found: list[tuple[Any, ...]] = list(ValuesListIterable(queryset.values_list(*places), chunk_size=10_000))
    # Where the columns are the fields in their order, a call for each row would cost as much again.
    results = _dictionaries(tuple(names), len(places))(found) if plain else [read(row) for row in found]
    return results, lambda index: tuple(found[index][place] for place in keys)


def csv_blocks(queryset: QuerySet[Any], record: Record, **instead: Expression) -> Iterator[bytes]:
    """Yield a queryset's rows as CSV, a heading first, never whole in memory; the record's fields are plain.

    PostgreSQL writes the lines: dates in ISO 8601, an empty cell for what is null. `instead` says by field
    what stands in place of its column.
    """
    columns = [instead.get(name, F(_column(field))) for name, field in record.fields.items()]
    statement, values = queryset.values_list(*columns).query.sql_with_params()
    yield ",".join(record.fields).encode() + b"\n"
    lines: list[bytes] = []
    size = 0
    copying = f"COPY ({statement}) TO STDOUT WITH (FORMAT csv)"
    with transaction.atomic(), connection.cursor() as cursor, cursor.copy(copying, values) as copy:
        for line in copy:
            lines.append(bytes(line))
            size += len(line)
            if size >= _BLOCK:
                yield b"".join(lines)
                lines, size = [], 0
    yield b"".join(lines)


@cache
def _dictionaries(names: tuple[str, ...], width: int) -> Callable[[Sequence[Any]], list[dict[str, Any]]]:
    """Return what makes dictionaries of rows: the first columns under these names.

    Written out as one comprehension, as `namedtuple` is, because `dict(zip(names, row))` takes three times as
    long, which would be a sixth of a long list. The names are those of a record's fields.
    """
    row = ", ".join(f"_{place}" for place in range(width))
    made = ", ".join(f"{name!r}: _{place}" for place, name in enumerate(names))
    return eval(f"lambda rows: [{{{made}}} for {row}, in rows]")  # noqa: S307


def _reader(record: Record, places: dict[str, int]) -> Read:
    """Return what turns a row into a record; each column that it needs is given its place in the row."""
    parts: list[tuple[str, Read]] = []
    for name, field in record.fields.items():
        if isinstance(field, Record):
            parts.append((name, _reader(field, places)))
            continue
        columns = (field.columns or (name,)) if isinstance(field, Computed) else (_column(field),)
        taken = [places.setdefault(column, len(places)) for column in columns]
        if isinstance(field, Computed):
            parts.append((name, _computed(field, taken)))
        else:
            parts.append((name, itemgetter(*taken)))
    return lambda row: {name: read(row) for name, read in parts}


def _column(field: serializers.Field) -> str:
    return str(field.source).replace(".", "__")


def _computed(field: Computed, places: Sequence[int]) -> Read:
    read = field.read
    if len(places) == 1:
        place = places[0]
        return lambda row: read(row[place])
    return lambda row: read(*(row[place] for place in places))
