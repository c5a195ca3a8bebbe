"""What the grid of a filing asks for while somebody types: saving cells, and what others do meanwhile.

The page works without it: the whole grid is a form too (`entry`), saved by the same services.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, cast

from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.template.defaultfilters import date as formatted
from django.views.decorators.http import require_http_methods

from connecticard import clock
from connecticard.models import User
from connecticard.permissions import Action, requires
from transactions import presence, services
from transactions.count_grid import count_grid, counts_on_record, totals
from transactions.count_grid_form import cell_name, parsed
from transactions.filing_record import last_saved
from transactions.findings_page import to_show
from transactions.models import Filing
from transactions.rules.filing_checks import Tier
from transactions.rules.filing_status import FilingStatus
from transactions.services import FilingChanged, FilingRefused, Finding
from transactions.views.reach import filing_of


@requires(Action.ENTER_COUNTS)
@require_http_methods(["GET", "POST"])
def filing_cells(request: HttpRequest, pk: int) -> JsonResponse:
    """Save cells (POST), or tell what is on record and who else is here (GET). JSON in and out.

    POST `{"cells": {"c12-2026-03": "40"}, "nothing_lent": false}` with `If-Match: "REVISION"`, the revision
    that the page shows. Good cells are saved, and 200 says which others are not and why. 412 where somebody
    saved since: then nothing is saved, and the answer is what stands on record now and who saved it. 409
    where the filing may not be edited, 428 without If-Match, 400 for what cannot be read.

    GET `?revision=REVISION` says who has the filing open, and what is on record where that is another
    revision. `&checked=REVISION` asks for what the checks find, where that is another revision.
    """
    filing = filing_of(request, pk, Action.ENTER_COUNTS)
    if not FilingStatus(filing.status).may_be_edited:
        return _refused(409, NOT_OPEN_FOR_ENTRY[FilingStatus(filing.status)])
    if request.method == "POST":
        return _save(request, filing)
    answer: dict[str, Any] = {
        "people": presence.words_of(presence.arrive(filing, cast(User, request.user))),
        "token": get_token(request),
    }
    if request.GET.get("revision") != str(filing.revision):
        answer |= _on_record(request, filing)
    if request.GET.get("checked", str(filing.revision)) != str(filing.revision):
        answer["findings"] = _findings(filing)
    return _answer(filing, answer)


NOT_OPEN_FOR_ENTRY = {
    FilingStatus.SUBMITTED: "This filing is submitted. To change it, ask the certifier to return it.",
    FilingStatus.CERTIFIED: "This version is certified and stays as it is. To correct it, amend it.",
}


@dataclass(frozen=True)
class _Sent:
    """What a page sent: the text of cells by name, and what was said for the whole filing, if anything."""

    cells: dict[str, str]
    nothing_lent: bool | None


def _save(request: HttpRequest, filing: Filing) -> JsonResponse:
    if "If-Match" not in request.headers:
        return _refused(428, "Say in If-Match which revision of the filing you saw.")
    try:
        sent = _read(request)
    except ValueError as problem:
        return _refused(400, str(problem))
    counts = counts_on_record(filing)
    grid = count_grid(filing, counts)
    by_name = {cell_name(cell): cell for cell in grid.cells}
    typed = {by_name[name]: text.strip() for name, text in sent.cells.items() if name in by_name}
    numbers, unreadable = parsed(grid, typed)
    person = cast(User, request.user)
    try:
        filing, refused = services.save_good_counts(
            filing=filing,
            counts=numbers,
            nothing_lent=sent.nothing_lent,
            expected=_revision(request.headers["If-Match"]),
            by=person,
            at=clock.now(),
        )
    except FilingChanged:
        filing.refresh_from_db()
        return _answer(filing, _on_record(request, filing), status=412)
    except FilingRefused as problem:
        return _refused(409, str(problem))
    problems = {cell_name(cell): message for cell, message in unreadable.items()}
    problems |= {name: _NO_SUCH_CELL for name in sent.cells if name not in by_name}
    for bad in refused:
        if bad.home_library is not None:
            problems[cell_name((bad.home_library, bad.month))] = bad.message
    saved = {cell: loans for cell, loans in numbers.items() if cell_name(cell) not in problems}
    presence.arrive(filing, person, changed=bool(saved))
    answer = {
        "saved": _written(saved),
        "problems": problems,
        "loans": totals(grid, {**counts, **saved}).all,
        "at": _time(clock.now()),
    }
    return _answer(filing, answer)


_NO_SUCH_CELL = "The lines or columns of this filing were changed, and this cell is gone. Reload the page."


def _read(request: HttpRequest) -> _Sent:
    """Return what was sent; ValueError says what is wrong with it."""
    try:
        sent = json.loads(request.body)
    except ValueError as problem:
        raise ValueError("Send JSON.") from problem
    cells = sent.get("cells", {}) if isinstance(sent, dict) else None
    if not isinstance(cells, dict) or not all(isinstance(text, str) for text in cells.values()):
        raise ValueError("Send an object whose `cells` is an object of texts by the name of the cell.")
    nothing_lent = sent.get("nothing_lent")
    if nothing_lent is not None and not isinstance(nothing_lent, bool):
        raise ValueError("`nothing_lent` is true or false.")
    return _Sent(cells, nothing_lent)


def _revision(if_match: str) -> int:
    """Return the revision that a header names; -1, which no filing has, where it names none."""
    named = re.fullmatch(r'"([0-9]{1,9})"', if_match)
    return int(named[1]) if named else -1


def _on_record(request: HttpRequest, filing: Filing) -> dict[str, Any]:
    """Return what is saved of a filing, and who saved it when; a cell that is blank is not listed."""
    last = last_saved(filing)
    by = last.by if last else None
    return {
        "by": "You, in another window," if by == request.user else str(by or "Somebody else"),
        "at": _time(last.at) if last else "",
        "counts": _written(counts_on_record(filing)),
        "nothing_lent": filing.nothing_lent,
    }


def _findings(filing: Filing) -> list[dict[str, str]]:
    """Return what the checks find in cells and columns; not that a month is blank, while it is filled in."""
    found = services.findings(filing, today=clock.today())
    shown = to_show(
        count_grid(filing, counts_on_record(filing)),
        (each for each in found if each.home_library is not None or each.tier is not Tier.MUST_MEND),
    )
    return [
        {"id": each.anchor, "weight": _weight(each.finding), "message": _message(each.finding)}
        for each in shown
        if each.anchor
    ]


def _weight(finding: Finding) -> str:
    if finding.tier is Tier.MUST_EXPLAIN:
        return "explained" if finding.explanation else "explain"
    return "mend" if finding.tier is Tier.MUST_MEND else "look"


def _message(finding: Finding) -> str:
    """Return what a check says, and the reason that was given for it, which makes asking needless."""
    if finding.explanation is None:
        return finding.message
    words = f" “{finding.explanation.text}”" if finding.explanation.text else ""
    return f"Explained: {finding.explanation.reason_label}.{words} The check had said: {finding.message}"


def _written(counts: Any) -> dict[str, str]:
    return {cell_name(cell): "" if loans is None else str(loans) for cell, loans in counts.items()}


def _time(moment: Any) -> str:
    return formatted(moment.astimezone(clock.EASTERN), "g:i a")


def _answer(filing: Filing, answer: dict[str, Any], status: int = 200) -> JsonResponse:
    response = JsonResponse({"revision": filing.revision, **answer}, status=status)
    response["ETag"] = f'"{filing.revision}"'
    return response


def _refused(status: int, detail: str) -> JsonResponse:
    return JsonResponse({"detail": detail}, status=status)
