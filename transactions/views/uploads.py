"""Upload and paste: a table is read, what is unclear is asked, the differences are shown, then saved.

Between the steps nothing is kept here: the page carries the counts, signed. What a file holds beside counts
never reaches a log: an error nobody foresaw is reported by its kind alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, cast

import structlog
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connecticard import clock
from connecticard.models import User
from connecticard.permissions import Action, may, requires
from connecticard.uploads import reads_a_file
from libraries.models import Library
from transactions import services
from transactions.count_grid import CountGrid, Counts, count_grid, counts_on_record, totals
from transactions.count_grid_form import column_label, written_loans
from transactions.filing_record import context_of
from transactions.models import LabelMapping
from transactions.rules.filing_status import FilingStatus
from transactions.services import CountsRefused, FilingChanged, FilingRefused
from transactions.uploads.block import read_block
from transactions.uploads.carried import UploadLapsed
from transactions.uploads.labels import LabelMatcher, may_be_private, normal
from transactions.uploads.preview import (
    LabelToRead,
    Preview,
    Questions,
    Upload,
    labels_to_read,
    packed,
    preview,
    questions,
    unpacked,
    with_meanings,
    without_a_total,
)
from transactions.uploads.reduced import Reduced, Trouble, Wanted
from transactions.uploads.roster import matcher_of
from transactions.uploads.shapes import read_tables
from transactions.uploads.tables import LARGEST_FILE, TableRefused, open_tables
from transactions.uploads.workbook import (
    csv_of,
    file_name,
    problems_csv,
    problems_workbook,
    refuse_other_template,
    template_of,
)
from transactions.views.reach import filing_of, library_of, revision_seen

logger = structlog.get_logger("connecticard.uploads")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LEAVE_OUT = "out"
_RECIPES_CHECKED_ON = date(2026, 11, 21)


class _UploadPage:
    """One filing with its grid, for a person who uploads into it."""

    def __init__(self, request: HttpRequest, pk: int):
        self.request = request
        self.user = cast(User, request.user)
        self.filing = filing_of(request, pk, Action.ENTER_COUNTS)
        self.read()

    def read(self) -> None:
        """Read the filing as it is on record now."""
        self.on_record: Counts = counts_on_record(self.filing)
        self.grid: CountGrid = count_grid(self.filing)
        self.matcher: LabelMatcher = matcher_of(self.filing)

    def wanted(self) -> Wanted:
        return Wanted(self.filing.covers_span.months(), self.filing.library_id, self.matcher)

    def show(self, template: str, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
        page = {**context_of(self.filing), "grid": self.grid, **context}
        return render(self.request, f"transactions/{template}.html", page, status=status)

    def carried(self, upload: Upload) -> str:
        return packed(upload, self.filing, self.user.pk)


@reads_a_file(LARGEST_FILE)
@requires(Action.ENTER_COUNTS)
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
def filing_upload(request: HttpRequest, pk: int) -> HttpResponse:
    """Take over counts from a file or a pasted table, after showing what they would change."""
    page = _UploadPage(request, pk)
    if not FilingStatus(page.filing.status).may_be_edited:
        messages.info(request, "This version cannot be edited now, so nothing can be uploaded into it.")
        return redirect("transactions:filing", page.filing.pk)
    if request.method != "POST":
        return _ask_for_a_file(page)
    step = request.POST.get("step", "")
    if step == "read":
        return _read(page)
    try:
        carried = unpacked(request.POST.get("upload", ""), page.filing, page.user.pk)
    except UploadLapsed as lapsed:
        return _ask_for_a_file(page, str(lapsed))
    upload = _with_answers(page, carried)
    if step == "save" and upload != carried:
        return _go_on(page, upload, chosen_meanwhile=True)
    return _STEPS.get(step, _go_on)(page, upload)


def _ask_for_a_file(page: _UploadPage, error: str = "", *, other_basis: bool = False) -> HttpResponse:
    return page.show(
        "filing_upload",
        {
            "error": error,
            "other_basis": other_basis,
            "largest": LARGEST_FILE // 1_000_000,
            "labels_said": page.filing.library.label_mappings.count(),
        },
        status=422 if error else 200,
    )


# Reading


@sensitive_variables()
def _read(page: _UploadPage) -> HttpResponse:
    """Read what was sent and reduce it to counts; the file itself goes no further than this."""
    file = page.request.FILES.get("file")
    text = page.request.POST.get("text", "")
    if file is not None and getattr(file, "is_too_large", False):
        return _ask_for_a_file(
            page,
            f"The file is larger than {LARGEST_FILE // 1_000_000} MB. Leave out columns that are not "
            "needed, or send it month by month.",
        )
    if file is None and not text.strip():
        return _ask_for_a_file(page, "Choose a file, or paste a table into the box.")
    try:
        if file is None and (block := _pasted_block(page, text)):
            readings = [block]
        else:
            content = file.read() if file is not None else text.encode()
            readings = _readings(page, content, pasted=file is None)
    except TableRefused as refused:
        return _ask_for_a_file(page, str(refused))
    except Exception as error:  # its words may quote the file, so only its kind is noted
        logger.error("upload_not_read", kind=type(error).__name__, filing=page.filing.pk)
        return _ask_for_a_file(
            page,
            "This could not be read, for a reason that the program does not know. Save the counts alone as "
            "a new workbook or CSV file and send that, or use our workbook.",
        )
    return _go_on(page, Upload(tuple(readings)))


@sensitive_variables()
def _readings(page: _UploadPage, content: bytes, *, pasted: bool) -> list[Reduced]:
    with open_tables(content, pasted=pasted) as tables:
        refuse_other_template(tables, page.filing)
        return read_tables(tables, page.wanted())


def _pasted_block(page: _UploadPage, text: str) -> Reduced | None:
    """Return a block of numbers that was pasted into a cell of the grid."""
    anchor = page.request.POST.get("anchor", "")
    order = [
        int(part)
        for part in page.request.POST.get("order", "").split(",")
        if part.isdecimal() and len(part) < 19
    ]
    return read_block(text, anchor, order, page.grid) if anchor else None


# What is asked, and the answers


def _with_answers(page: _UploadPage, upload: Upload) -> Upload:
    """Return the upload with what the person said on the page that was sent."""
    sent = page.request.POST
    if (chosen := sent.get("chosen", "")).isdecimal() and int(chosen) < len(upload.readings):
        upload = replace(upload, chosen=int(chosen))
    month = sent.get("month", "")
    if match := next(
        (column for column in page.grid.columns if column and column.isoformat() == month), None
    ):
        upload = replace(upload, month=match)
    if "mode" in sent:
        upload = replace(upload, everything=sent["mode"] == "everything")
    if sent.get("add_up") == "yes":
        upload = replace(upload, add_up=True)
    reading = upload.reading
    if reading is None:
        return upload
    known = {library.id for library in page.matcher.libraries}
    said: dict[str, int | None] = {}
    for place, label in enumerate(reading.labels):
        answer = sent.get(f"label-{place}", "")
        if answer == _LEAVE_OUT:
            said[normal(label)] = None
        elif answer.isdecimal() and len(answer) < 19 and int(answer) in known:
            said[normal(label)] = int(answer)
    # A label that is read as before needs no answer of its own
    changed = {
        mark: home
        for label in reading.labels
        if (mark := normal(label)) in said
        and not _reads_so_already(upload, page.matcher, label, home := said[mark])
    }
    return with_meanings(upload, changed)


def _reads_so_already(upload: Upload, matcher: LabelMatcher, label: str, home: int | None) -> bool:
    if normal(label) in upload.meanings:
        return upload.meanings[normal(label)] == home
    match = matcher.match(label)
    return not match.is_asked and match.library == home


def _go_on(page: _UploadPage, upload: Upload, *, chosen_meanwhile: bool = False) -> HttpResponse:
    """Show what comes next: which column, what is unclear, or the differences."""
    reading = upload.reading
    if reading is None:
        return page.show(
            "filing_upload_choose", {"readings": upload.readings, "upload": page.carried(upload)}
        )
    if reading.is_grid and (missing := without_a_total(reading, page.filing)):
        names = ", ".join(f"{month:%B %Y}" for month in missing)
        return _ask_for_a_file(
            page,
            "This filing has one total for each home library, for which every month is needed; the file "
            f"has none for {names}. Add those months, or change the filing to months.",
            other_basis=True,
        )
    asked = questions(upload, reading, page.filing, page.grid, page.matcher)
    if asked:
        unanswered = page.request.POST.get("step") == "answers"
        return _ask(page, upload, reading, asked, unanswered=unanswered)
    return _show_differences(page, upload, reading, chosen_meanwhile=chosen_meanwhile)


def _ask_again(page: _UploadPage, upload: Upload) -> HttpResponse:
    """Show every label with what it was read as, to be changed."""
    reading = upload.reading
    if reading is None:
        return _go_on(page, upload)
    asked = questions(upload, reading, page.filing, page.grid, page.matcher)
    every = tuple(labels_to_read(upload, reading, page.matcher))
    return _ask(page, upload, reading, replace(asked, labels=every))


def _ask(
    page: _UploadPage, upload: Upload, reading: Reduced, asked: Questions, *, unanswered: bool = False
) -> HttpResponse:
    places = {label: place for place, label in enumerate(reading.labels)}
    libraries = sorted(page.matcher.libraries, key=lambda library: library.name.casefold())
    names = {library.id: f"{library.name}, {library.town}" for library in libraries}
    return page.show(
        "filing_upload_questions",
        {
            "upload": page.carried(upload),
            "reading": reading,
            "labels": [
                {
                    "id": f"label-{places[item.label]}",
                    "label": item.label,
                    "loans": item.loans,
                    "selected": _selected(item),
                    "suggested": [
                        (home, names[home])
                        for home in item.match.choices or page.matcher.suggestions(item.label)
                    ],
                    "several": item.match.is_known,
                    "is_missing": unanswered,
                }
                for item in asked.labels
            ],
            "libraries": names.items(),
            "repeated": asked.repeated,
            "months": [(column, column_label(column)) for column in page.grid.columns] if asked.month else [],
            "unanswered": unanswered,
        },
        status=422 if unanswered else 200,
    )


def _selected(item: LabelToRead) -> str:
    if item.match.library is not None:
        return str(item.match.library)
    if item.match.leave_out:
        return _LEAVE_OUT
    return str(item.match.choices[0]) if item.match.offered else ""


# The differences


def _show_differences(
    page: _UploadPage,
    upload: Upload,
    reading: Reduced,
    *,
    changed_meanwhile: bool = False,
    chosen_meanwhile: bool = False,
    refused: str = "",
) -> HttpResponse:
    shown = preview(upload, reading, page.filing, page.grid, page.on_record, page.matcher)
    before, after = totals(page.grid, page.on_record), totals(page.grid, shown.after)
    return page.show(
        "filing_upload_preview",
        {
            "upload": page.carried(upload),
            "reading": reading,
            "everything": upload.everything,
            "preview": shown,
            "columns": [column_label(column) for column in page.grid.columns],
            "rows": _rows(page.grid, page.on_record, shown),
            "sums": [
                (column_label(column), before.by_column[column], after.by_column[column])
                for column in page.grid.columns
            ],
            "before": before,
            "after": after,
            "unticks_zero_return": page.filing.nothing_lent and after.all > 0,
            "changed_meanwhile": changed_meanwhile,
            "chosen_meanwhile": chosen_meanwhile,
            "refused": refused,
        },
        status=409 if changed_meanwhile else 422 if refused else 200,
    )


def _rows(grid: CountGrid, on_record: Counts, shown: Preview) -> list[dict[str, Any]]:
    """Return the lines of the grid in which anything changes, with every cell of theirs."""
    changes = {change.cell: change for change in shown.changes}
    touched = {home for home, _ in changes}
    return [
        {
            "name": line.name,
            "town": "" if line.town in line.name else line.town,
            "cells": [
                {
                    "has_place": column in line.columns,
                    "before": written_loans(on_record.get((line.library_id, column))),
                    "after": written_loans(shown.after.get((line.library_id, column))),
                    "changes": (line.library_id, column) in changes,
                }
                for column in grid.columns
            ],
        }
        for line in grid.lines
        if line.library_id in touched
    ]


def _save(page: _UploadPage, upload: Upload) -> HttpResponse:
    """Save what the preview showed, and remember what was said of labels."""
    reading = upload.reading
    if reading is None or questions(upload, reading, page.filing, page.grid, page.matcher):
        return _go_on(page, upload)
    shown = preview(upload, reading, page.filing, page.grid, page.on_record, page.matcher)
    was_shown = page.request.POST.get("shown") == shown.fingerprint
    if revision_seen(page.request) != page.filing.revision or not was_shown:
        return _show_differences(page, upload, reading, changed_meanwhile=True)
    after = totals(page.grid, shown.after)
    at = clock.now()
    try:
        with transaction.atomic():
            _remember(page, upload, reading)
            if shown.changes:
                services.save_counts(
                    filing=page.filing,
                    counts=shown.to_save,
                    nothing_lent=False if page.filing.nothing_lent and after.all else None,
                    expected=page.filing.revision,
                    by=page.user,
                    at=at,
                )
    except FilingChanged:
        page.filing = filing_of(page.request, page.filing.pk, Action.ENTER_COUNTS)
        page.read()
        return _show_differences(page, upload, reading, changed_meanwhile=True)
    except (CountsRefused, FilingRefused) as refused:
        return _show_differences(page, upload, reading, refused=str(refused))
    cells = len(shown.changes)
    messages.success(
        page.request,
        f"Saved: {cells:,} cell{'' if cells == 1 else 's'} changed, {after.all:,} loans in all. The filing "
        "is a draft until you submit it."
        if cells
        else "Nothing in the filing changed: it says what the file says.",
    )
    if left := reading.problems:
        messages.warning(page.request, _still_to_mend(left, reading.more_problems))
    return redirect("transactions:filing_entry", page.filing.pk)


_MOST_NAMED = 5


def _still_to_mend(left: Sequence[Trouble], more: int) -> str:
    """Return what of the file is not in the filing, so that nobody forgets it once the list is gone."""
    named = " ".join(f"{each.where}: {each.what} {each.why} {each.cure}" for each in left[:_MOST_NAMED])
    others = len(left) + more - _MOST_NAMED
    rest = f" And {others:,} more." if others > 0 else ""
    return f"Still to mend, because it was not taken over from the file: {named}{rest}"


def _remember(page: _UploadPage, upload: Upload, reading: Reduced) -> None:
    homes = Library.objects.in_bulk([home for home in upload.meanings.values() if home is not None])
    written = {normal(label): label for label in reading.labels}
    meanings = {
        written[mark]: homes.get(home) if home is not None else None
        for mark, home in upload.meanings.items()
        if mark in written and not may_be_private(written[mark])
    }
    if meanings:
        services.remember_labels(library=page.filing.library, meanings=meanings, by=page.user, at=clock.now())


def _problems(page: _UploadPage, upload: Upload) -> HttpResponse:
    """Send the problems as a file, one row each."""
    reading = upload.reading or upload.readings[0]
    as_csv = page.request.POST.get("step") == "problems-csv"
    content = (problems_csv if as_csv else problems_workbook)(reading.problems)
    suffix = "-to-mend.csv" if as_csv else "-to-mend.xlsx"
    return _download(content, file_name(page.filing, suffix), "text/csv; charset=utf-8" if as_csv else XLSX)


_STEPS = {"save": _save, "labels": _ask_again, "problems-csv": _problems, "problems-xlsx": _problems}


# Files to take away


@requires(Action.VIEW_LIBRARY)
@require_safe
def filing_template(request: HttpRequest, pk: int) -> HttpResponse:
    """The workbook of a filing, with what is on record filled in."""
    filing = filing_of(request, pk)
    counts = counts_on_record(filing)
    return _download(template_of(filing, count_grid(filing), counts), file_name(filing, ".xlsx"), XLSX)


@requires(Action.VIEW_LIBRARY)
@require_safe
def filing_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """The counts of a filing as CSV."""
    filing = filing_of(request, pk)
    counts = counts_on_record(filing)
    content = csv_of(filing, count_grid(filing, counts), counts)
    return _download(content, file_name(filing, ".csv"), "text/csv; charset=utf-8")


def _download(content: bytes, name: str, kind: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


# Labels that a library explained


@requires(Action.VIEW_LIBRARY)
@require_safe
def label_list(request: HttpRequest, key: str) -> HttpResponse:
    """What this library's people said that labels of their system mean."""
    library = library_of(request, key)
    mappings = library.label_mappings.select_related("home_library__town", "said_by")
    return render(
        request,
        "transactions/label_list.html",
        {
            "library": library,
            "mappings": mappings,
            "may_forget": may(request.user, Action.ENTER_COUNTS, library),
        },
    )


@requires(Action.ENTER_COUNTS)
@require_POST
def label_forget(request: HttpRequest, key: str, pk: int) -> HttpResponse:
    """Forget what a label means, so that it is asked again."""
    library = library_of(request, key, Action.ENTER_COUNTS)
    mapping = get_object_or_404(LabelMapping.objects.select_related("home_library"), library=library, pk=pk)
    services.forget_label(mapping=mapping, by=cast(User, request.user))
    messages.success(
        request, f"“{mapping.label}” is forgotten and will be asked again. Counts that are saved stay."
    )
    return redirect(reverse("transactions:label_list", args=[key]))


@login_not_required
@require_safe
def recipes(request: HttpRequest) -> HttpResponse:
    """Which report to run in each circulation system, and which columns to export."""
    return render(
        request,
        "transactions/recipes.html",
        {"largest": LARGEST_FILE // 1_000_000, "last_checked_on": _RECIPES_CHECKED_ON},
    )
