"""What the filer of a consortium sees of its members, and uploads for them."""

from collections import Counter
from typing import cast

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from connecticard import clock, permissions
from connecticard.models import User
from connecticard.permissions import Action, requires
from connecticard.uploads import reads_a_file
from libraries.models import Consortium, Library
from transactions import services
from transactions.consortium_members import MemberState, period_to_show, periods_of_members
from transactions.uploads.carried import UploadLapsed
from transactions.uploads.labels import normal
from transactions.uploads.members import (
    drafts_as_seen,
    libraries_of,
    matcher_of_members,
    meanings_to_remember,
    preview_members,
    read_labels,
    seen_of,
)
from transactions.uploads.members_file import MembersFile, packed, read_members_file, unpacked
from transactions.uploads.tables import LARGEST_FILE, TableRefused, open_tables

logger = structlog.get_logger("connecticard.uploads")

LATE = "late"
LEAVE_OUT = "out"


@requires(Action.VIEW_CONSORTIUM)
@require_safe
def consortium_list(request: HttpRequest) -> HttpResponse:
    """List the consortia that this person sees; who has one goes there at once."""
    today = clock.today()
    consortia = list(permissions.consortia_for(request.user, Action.VIEW_CONSORTIUM))
    if len(consortia) == 1:
        return redirect("transactions:consortium_page", consortia[0].pk)
    return render(
        request,
        "transactions/consortium_list.html",
        {
            "consortia": [
                (consortium, consortium.memberships.filter(valid__contains=today).count())
                for consortium in consortia
            ]
        },
    )


@requires(Action.VIEW_CONSORTIUM)
@require_safe
def consortium_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what members owe when, and how each stands for one period."""
    consortium = consortium_of(request, pk, Action.VIEW_CONSORTIUM)
    today = clock.today()
    periods = periods_of_members(consortium, today)
    shown = period_to_show(periods, request.GET.get("period", ""))
    members = shown.members if shown else ()
    state = request.GET.get("state", "")
    if state == LATE:
        members = [member for member in members if member.is_late]
    elif state in set(MemberState):
        members = [member for member in members if member.state == state]
    else:
        state = ""
    mine = permissions.consortia_for(request.user, Action.ENTER_COUNTS).filter(pk=consortium.pk).exists()
    entered = permissions.libraries_for(request.user, Action.ENTER_COUNTS)
    return render(
        request,
        "transactions/consortium_page.html",
        {
            "consortium": consortium,
            "number": consortium.memberships.filter(valid__contains=today).count(),
            "periods": periods,
            "open_periods": [period for period in periods if not period.is_certified_by_all],
            "done_periods": [period for period in periods if period.is_certified_by_all],
            "shown": shown,
            "members": members,
            "state": state,
            "states": [
                ("", "all", len(shown.members)),
                *((each.value, each.label.lower(), number) for each, number in shown.counts.items()),
                (LATE, "late", shown.late),
            ]
            if shown
            else [],
            "may_upload": mine,
            "reach": set(entered.values_list("pk", flat=True)) if mine else set(),
            "several": permissions.consortia_for(request.user, Action.VIEW_CONSORTIUM).count() > 1,
        },
    )


def consortium_of(request: HttpRequest, pk: int, action: Action) -> Consortium:
    """Return a consortium for which this person may do something; 404 for any other."""
    consortium: Consortium = get_object_or_404(permissions.consortia_for(request.user, action), pk=pk)
    return consortium


# One file for many members


@reads_a_file(LARGEST_FILE)
@requires(Action.ENTER_COUNTS)
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
def consortium_upload(request: HttpRequest, pk: int) -> HttpResponse:
    """Take over the counts of many members from one file, after showing what it does to each."""
    consortium = consortium_of(request, pk, Action.ENTER_COUNTS)
    if request.method != "POST":
        return _ask_for_a_file(request, consortium)
    try:
        if request.POST.get("step") == "read":
            return _show_preview(request, consortium, _read(request, consortium), {})
        user = cast(User, request.user)
        file = unpacked(request.POST.get("upload", ""), consortium, user.pk)
        answers = _answers(request, file)
        if request.POST.get("step") == "save":
            return _save(request, consortium, file, answers)
        return _show_preview(request, consortium, file, answers)
    except (TableRefused, UploadLapsed) as refused:
        return _ask_for_a_file(request, consortium, str(refused))


def _ask_for_a_file(request: HttpRequest, consortium: Consortium, error: str = "") -> HttpResponse:
    today = clock.today()
    return render(
        request,
        "transactions/consortium_upload.html",
        {
            "consortium": consortium,
            "error": error,
            "largest": LARGEST_FILE // 1_000_000,
            "months": [f"{today.year}-{month:02}" for month in (1, 2)],
        },
        status=422 if error else 200,
    )


@sensitive_variables()
def _read(request: HttpRequest, consortium: Consortium) -> MembersFile:
    """Read what was sent and reduce it to counts. Raises TableRefused."""
    file = request.FILES.get("file")
    text = request.POST.get("text", "")
    if file is not None and getattr(file, "is_too_large", False):
        raise TableRefused(
            f"The file is larger than {LARGEST_FILE // 1_000_000} MB. Leave out columns that are not needed, "
            "or send it month by month."
        )
    if file is None and not text.strip():
        raise TableRefused("Choose a file, or paste a table into the box.")
    today = clock.today()
    matcher = matcher_of_members(libraries_of(consortium, today), today)
    try:
        with open_tables(file.read() if file is not None else text.encode(), pasted=file is None) as tables:
            return read_members_file(tables, matcher, today)
    except TableRefused:
        raise
    except Exception as error:  # its words may quote the file, so only its kind is noted
        logger.error("consortium_upload_not_read", kind=type(error).__name__)
        raise TableRefused(
            "This could not be read, for a reason that the program does not know. Save the four columns "
            "lender, home_library, month and loans as a new workbook or CSV file and send that."
        ) from None


def _answers(request: HttpRequest, file: MembersFile) -> dict[str, int | None]:
    """Return what the person said of labels, by their normal form; None for leaving one out."""
    known = set(Library.objects.values_list("pk", flat=True))
    said: dict[str, int | None] = {}
    for place, label in enumerate(file.lines):
        answer = request.POST.get(f"label-{place}", "")
        if answer == LEAVE_OUT:
            said[normal(label)] = None
        elif answer.isascii() and answer.isdecimal() and len(answer) < 19 and int(answer) in known:
            said[normal(label)] = int(answer)
    return said


def _show_preview(
    request: HttpRequest,
    consortium: Consortium,
    file: MembersFile,
    answers: dict[str, int | None],
    error: str = "",
) -> HttpResponse:
    today = clock.today()
    labels = read_labels(file, matcher_of_members(libraries_of(consortium, today), today, answers))
    previews = preview_members(file, labels, consortium, today)
    places = {label: place for place, label in enumerate(file.lines)}
    asked = {normal(question.label) for question in labels.questions}
    return render(
        request,
        "transactions/consortium_preview.html",
        {
            "consortium": consortium,
            "error": error,
            "file": file,
            "upload": packed(file, consortium, cast(User, request.user).pk),
            "seen": seen_of(previews),
            "previews": previews,
            "counts": Counter(preview.what for preview in previews).items(),
            "to_save": sum(preview.may_be_saved for preview in previews),
            "questions": [(places[question.label], question) for question in labels.questions],
            "answered": [
                (place, LEAVE_OUT if answers[normal(label)] is None else answers[normal(label)])
                for label, place in places.items()
                if normal(label) in answers and normal(label) not in asked
            ],
            "guessed": labels.guessed,
            "general": [problem for problem in file.problems if not labels.meanings.get(problem.lender)],
            "libraries": Library.objects.order_by("name") if labels.questions else (),
        },
        status=409 if error else 200,
    )


def _save(
    request: HttpRequest, consortium: Consortium, file: MembersFile, answers: dict[str, int | None]
) -> HttpResponse:
    """Save the chosen members' drafts, each whole or not at all, and say what became of each."""
    today, by, at = clock.today(), cast(User, request.user), clock.now()
    labels = read_labels(file, matcher_of_members(libraries_of(consortium, today), today, answers))
    chosen = set(request.POST.getlist("member"))
    previews = [
        preview
        for preview in preview_members(file, labels, consortium, today)
        if preview.library.key in chosen and not preview.refused and not preview.problems
    ]
    drafts = drafts_as_seen(previews, request.POST.get("seen", ""))
    if not drafts or labels.questions:
        error = "Say first what each label means." if labels.questions else "Choose at least one library."
        return _show_preview(request, consortium, file, answers, error)
    outcomes = services.save_member_drafts(drafts=drafts, by=by, at=at)
    saved = {outcome.library.pk: outcome.library for outcome in outcomes if not outcome.problem}
    if meanings := meanings_to_remember(labels, answers):
        for library in saved.values():
            services.remember_labels(library=library, meanings=meanings, by=by, at=at)
    return render(
        request,
        "transactions/consortium_saved.html",
        {
            "consortium": consortium,
            "saved": [outcome for outcome in outcomes if not outcome.problem],
            "not_saved": [outcome for outcome in outcomes if outcome.problem],
        },
        status=409 if len(saved) == 0 else 200,
    )
