"""A table as a CSV file to download: UTF-8, one header, an empty cell for what is not known."""

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpResponse


def csv_response(name: str, rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Return rows, the header first, as a file of that name; None is an empty cell."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(
        ["" if cell is None else cell for cell in row] for row in rows
    )
    return HttpResponse(
        text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
