"""The pages on which a site of deliverIT CT enters, submits and amends its counts of a quarter."""

from typing import Any, cast

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connecticard import clock
from connecticard.models import User
from connecticard.permissions import Action, delivery_sites_for, may_for_site, requires
from libraries.models import DeliverySite
from transactions.delivery import services
from transactions.delivery.forms import ReportForm
from transactions.delivery.reach import quarter_of, site_of
from transactions.delivery.standing import quarters_among, quarters_of
from transactions.delivery.tallying import Content, content
from transactions.forms import ReasonForm
from transactions.models import DeliveryReport
from transactions.rules.delivery_counts import Measure
from transactions.rules.delivery_quarters import RULEBOOK, Quarter, due_entry
from transactions.services import FilingChanged

MANY = 12
LONGEST_NAME = 120


@requires(Action.VIEW_DELIVERY)
@require_safe
def delivery_list(request: HttpRequest) -> HttpResponse:
    """List the sites for which this person counts; who has one goes there at once."""
    today = clock.today()
    sites = DeliverySite.objects.served_on(today).filter(
        pk__in=delivery_sites_for(request.user, Action.VIEW_DELIVERY)
    )
    if len(sites[:2]) == 1:
        return redirect("transactions:delivery_site", sites[0].key)
    name = request.GET.get("name", "").replace("\0", "").strip()[:LONGEST_NAME]
    found = sites.with_code(today).filter(Q(name__icontains=name) | Q(key__iexact=name)).order_by("name")
    return render(
        request,
        "transactions/delivery_list.html",
        {"sites": found, "name": name, "many": bool(name) or len(found) > MANY},
    )


@requires(Action.VIEW_DELIVERY)
@require_safe
def delivery_site(request: HttpRequest, key: str) -> HttpResponse:
    """A site: its delivery code, its reports quarter by quarter, and the way to the tally."""
    site = site_of(request, key)
    today = clock.today()
    quarters = quarters_of(site, today)
    return render(
        request,
        "transactions/delivery_site.html",
        {
            "site": site,
            "code": site.codes.in_force(today).first(),
            "quarters": quarters,
            "first_due": next((each for each in quarters if each.is_over and not each.standing), None),
            "due": due_entry(Quarter.containing(today)),
            "may_report": may_for_site(request.user, Action.REPORT_DELIVERY, site),
        },
    )


@requires(Action.VIEW_DELIVERY)
@require_safe
def delivery_report(request: HttpRequest, key: str, quarter: str) -> HttpResponse:
    """What a site reported for a quarter, in its latest submitted version, with the versions before it."""
    site, of = site_of(request, key), quarter_of(quarter)
    versions = list(
        DeliveryReport.objects.of(of).filter(site=site).select_related("submitted_by").order_by("-version")
    )
    standing = next((each for each in versions if not each.is_draft and not each.superseded_at), None)
    [state] = quarters_among(site, [of], clock.today())
    said = content(site, of, standing)
    return render(
        request,
        "transactions/delivery_report.html",
        {
            "site": site,
            "quarter": of,
            "state": state,
            "due": due_entry(of),
            "standing": standing,
            "draft": state.draft,
            "rows": rows_of(said) if standing else [],
            "months": said.months,
            "missing": said.missing if standing else [],
            "former": [each for each in versions if each.superseded_at],
            "may_report": may_for_site(request.user, Action.REPORT_DELIVERY, site),
        },
    )


def rows_of(said: Content) -> list[tuple[Measure, list[int | None], int | None]]:
    """Return the table of a report: what was counted, by month, None for a blank, and its sum."""
    rows = []
    for measure in Measure:
        numbers = [said.counts.get((month, measure)) for month in said.months]
        given = [number for number in numbers if number is not None]
        rows.append((measure, numbers, sum(given) if given else None))
    return rows


@requires(Action.REPORT_DELIVERY)
@require_http_methods(["GET", "HEAD", "POST"])
def delivery_enter(request: HttpRequest, key: str, quarter: str) -> HttpResponse:
    """The form of a quarter: enter the counts of its months, save them, submit the report."""
    site, of = site_of(request, key, Action.REPORT_DELIVERY), quarter_of(quarter)
    page = _EntryPage(site, of)
    if page.is_submitted:
        messages.info(request, "This report is submitted. Amend it to correct a count.")
        return redirect("transactions:delivery_report", site.key, of.name)
    if request.method != "POST":
        return page.rendered(request)
    page.form = page.form_of(request.POST)
    if not page.form.is_valid():
        return page.rendered(request)
    if request.POST.get("then") == "submit":
        return _submit(request, page)
    try:
        report = _save(request, page)
    except FilingChanged as changed:
        return page.rendered(request, refused=str(changed), status=409)
    except services.PlacesRefused as refused:
        page.form.mark(refused.problems)
        return page.rendered(request)
    except services.DeliveryRefused as refused:
        return page.rendered(request, refused=str(refused))
    if _is_autosave(request):
        return page.rendered(request, saved=report)
    messages.success(request, "Saved. The report is a draft until you submit it.")
    return redirect("transactions:delivery_enter", site.key, of.name)


class _EntryPage:
    """One quarter's form of a site; a refused form keeps every value that was typed."""

    def __init__(self, site: DeliverySite, quarter: Quarter):
        self.site, self.quarter = site, quarter
        reports = DeliveryReport.objects.of(quarter).filter(site=site)
        self.draft = reports.drafts().first()
        self.standing = reports.standing().first()
        self.content = content(site, quarter, self.draft)
        if not self.content.months:
            raise Http404(f"The delivery did not serve {site} in {quarter}.")
        self.form = self.form_of(None)

    @property
    def is_submitted(self) -> bool:
        return self.draft is None and self.standing is not None

    def form_of(self, data: Any) -> ReportForm:
        return ReportForm(
            data,
            content=self.content,
            revision=self.draft.revision if self.draft else 0,
            missing_because=self.draft.missing_because if self.draft else "",
        )

    def rendered(
        self,
        request: HttpRequest,
        *,
        refused: str = "",
        missing: bool = False,
        saved: DeliveryReport | None = None,
        status: int = 200,
    ) -> HttpResponse:
        today = clock.today()
        context = {
            "site": self.site,
            "quarter": self.quarter,
            "draft": self.draft,
            "standing": self.standing,
            "form": self.form,
            "due": due_entry(self.quarter),
            "instructions": [
                RULEBOOK.entry(key, self.quarter.first_day)
                for key in ("delivery.counted", "delivery.interlibrary_loans")
            ],
            "months": [(month, self.content.tallied.get(month)) for month in self.content.months],
            "tallied": bool(self.content.tallied),
            "may_submit": today > self.quarter.last_day,
            "has_begun": today >= self.quarter.first_day,
            "refused": refused,
            "missing": missing or bool(self.form["missing_because"].value()),
            "saved": saved,
        }
        if _is_autosave(request):  # htmx shows no other answer than 200
            return render(request, "transactions/_delivery_saved.html", context)
        return render(request, "transactions/delivery_enter.html", context, status=status)


def _is_autosave(request: HttpRequest) -> bool:
    return "HX-Request" in request.headers


def _save(request: HttpRequest, page: _EntryPage) -> DeliveryReport:
    return services.save_counts(
        site=page.site,
        quarter=page.quarter,
        counts=page.form.counts(),
        by=cast(User, request.user),
        at=clock.now(),
        expected=page.form.cleaned_data["revision"],
    )


def _submit(request: HttpRequest, page: _EntryPage) -> HttpResponse:
    """Save what is entered and submit it; where places are missing it is saved, and the reason asked for."""
    try:
        report = _save(request, page)
        services.submit_report(
            site=page.site,
            quarter=page.quarter,
            by=cast(User, request.user),
            at=clock.now(),
            expected=report.revision,
            missing_because=page.form.cleaned_data["missing_because"],
        )
    except FilingChanged as changed:
        return page.rendered(request, refused=str(changed), status=409)
    except services.PlacesRefused as refused:
        page.form.mark(refused.problems)
        return page.rendered(request)
    except services.DeliveryRefused as refused:
        saved = _EntryPage(page.site, page.quarter)
        return saved.rendered(request, refused=str(refused), missing=isinstance(refused, services.NotWhole))
    messages.success(request, f"The report for {page.quarter} is submitted. Thank you.")
    return redirect("transactions:delivery_report", page.site.key, page.quarter.name)


@requires(Action.REPORT_DELIVERY)
@require_http_methods(["GET", "HEAD", "POST"])
def delivery_amend(request: HttpRequest, key: str, quarter: str) -> HttpResponse:
    """Ask why a submitted report has to be corrected, and begin its next version."""
    site, of = site_of(request, key, Action.REPORT_DELIVERY), quarter_of(quarter)
    standing = DeliveryReport.objects.of(of).standing().filter(site=site).first()
    if standing is None:
        raise Http404("No report of this quarter is submitted.")
    form = ReasonForm(
        request.POST or None,
        label="What has to be corrected",
        help_text="Kept with the report. The submitted version counts until you submit the new one.",
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.amend_report(
                report=standing,
                reason=form.cleaned_data["reason"],
                by=cast(User, request.user),
                at=clock.now(),
            )
        except services.DeliveryRefused as refused:
            messages.error(request, str(refused))
            return redirect("transactions:delivery_report", site.key, of.name)
        return redirect("transactions:delivery_enter", site.key, of.name)
    return render(
        request,
        "transactions/delivery_amend.html",
        {"site": site, "quarter": of, "standing": standing, "form": form},
    )


@requires(Action.REPORT_DELIVERY)
@require_POST
def delivery_undo(request: HttpRequest, key: str, quarter: str) -> HttpResponse:
    """Remove the draft that amends a submitted report."""
    site, of = site_of(request, key, Action.REPORT_DELIVERY), quarter_of(quarter)
    draft = DeliveryReport.objects.of(of).drafts().filter(site=site).first()
    if draft is None:
        raise Http404("No draft of this quarter is begun.")
    try:
        services.discard_amendment(report=draft, by=cast(User, request.user), at=clock.now())
    except services.DeliveryRefused as refused:
        messages.error(request, str(refused))
        return redirect("transactions:delivery_enter", site.key, of.name)
    messages.success(request, "The amendment is undone. The submitted report counts as it did.")
    return redirect("transactions:delivery_report", site.key, of.name)
