"""Gathers the assessment of a library or of a consortium from a published run and from what is on record."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from connecticard.canonical_json import sha256_of
from libraries.models import Consortium, ConsortiumMembership, Library, LibraryName
from payments.explaining.explanation import estimate_of
from payments.models import PaymentRun
from payments.past_years.history import BY_FIRMNESS, HistoryFigure, figures, weakest
from payments.past_years.trends import charts
from payments.rules.expenditure_reporting import fiscal_year_days
from reports.assessment.peers import (
    CONSORTIUM_PEERS,
    LIBRARY_PEERS,
    Line,
    consortium_line,
    kind_of,
    library_peers,
    lines_of,
    member_lines,
    residents_of,
    residents_served,
)
from reports.assessment.selection import Selection
from reports.contents import MadeFrom
from reports.contents.advocacy import AdvocacySheet, mark_of
from reports.contents.assessment import (
    Assessment,
    MemberLine,
    Own,
    PeerLine,
    YearLine,
    towns_of,
)
from reports.models import CirculationMonths, GivenCirculation, Logo
from reports.payment_list import dated, source_of
from reports.places.advocacy import advocacy_sheet
from reports.places.flows import (
    Exchange,
    Exchanges,
    Grain,
    Place,
    YearOfFlows,
    place_of_library,
    towns_served,
    year_of_flows,
)
from reports.places.maps import maps_of_place
from reports.rules.assessment import Borrowed, Circulation, Lent, NotKnown, Subject
from transactions.line_chart import Value
from transactions.models import Provenance
from transactions.rules._wording import written_span
from transactions.rules.filing_calendar import Span

YEARS = 5


def library_assessment(library: Library, run: PaymentRun, selection: Selection, *, today: date) -> Assessment:
    """Return the assessment of a library in the twelve months of a published run.

    Source: Regs. Conn. State Agencies § 11-31c-1(f), (h), 4(b), (c).
    """
    sheet = advocacy_sheet(library, run, price_cents=selection.price_cents, cost_cents=selection.cost_cents)
    lines, served = lines_of(run), residents_served(run)
    place = place_of_library(library)
    exchanges = _exchanges(run, [library], place)
    own = PeerLine(
        sheet.library_name,
        residents_of([served.get(library.pk, {})]),
        sheet.lent,
        sheet.payment_cents,
        sheet.lent_kind,
        is_own=True,
    )
    lent = Lent(sheet.lent, mark_of(sheet.lent_kind), _why(sheet))
    return _assessment(
        subject=Subject(sheet.library_name),
        about=f"{library.town.name}, Connecticut",
        of=[library],
        run=run,
        selection=selection,
        today=today,
        lent=lent,
        lent_kind=sheet.lent_kind,
        borrowed=Borrowed(sheet.borrowed, mark_of(sheet.borrowed_kind)),
        borrowed_kind=sheet.borrowed_kind,
        exchanges=exchanges,
        unreported=towns_served(run, Grain.LIBRARY, place),
        lines=lines,
        payment_cents=sheet.payment_cents,
        peers=library_peers(own, library, run, lines, served),
        peer_rule=LIBRARY_PEERS,
        members=(),
        sheet=sheet,
        logo=Logo.objects.filter(library=library).first(),
        path=reverse("reports:assessment", args=[library.key]),
    )


def consortium_assessment(
    consortium: Consortium, run: PaymentRun, selection: Selection, *, today: date
) -> Assessment | None:
    """Return the assessment of a consortium, by its members on the last day of the run's twelve months.

    None where it had no member that day.

    Source: Regs. Conn. State Agencies § 11-31c-1(f), (h), 4(b), (c).
    """
    by_consortium = _members(run)
    libraries = by_consortium.get(consortium, [])
    if not libraries:
        return None
    lines, served = lines_of(run), residents_served(run)
    place = Place("", f"members of {consortium.name}", 0, "", "")
    exchanges = _exchanges(run, libraries, place)
    peers = [
        consortium_line(other.name, members, lines, served, is_own=other == consortium)
        for other, members in by_consortium.items()
    ]
    own = next(line for line in peers if line.is_own)
    borrowed_kind = kind_of(one.kind for one in exchanges.borrowed)
    found = [lines[library.pk] for library in libraries if library.pk in lines]
    borrowed = exchanges.units_borrowed
    return _assessment(
        subject=Subject(consortium.name, len(libraries)),
        about=f"{len(libraries)} member {'library' if len(libraries) == 1 else 'libraries'}",
        of=libraries,
        run=run,
        selection=selection,
        today=today,
        lent=Lent(own.lent, mark_of(own.kind), _why_of_members(found)),
        lent_kind=own.kind,
        borrowed=Borrowed(borrowed, mark_of(borrowed_kind)),
        borrowed_kind=borrowed_kind,
        exchanges=exchanges,
        unreported=frozenset(),
        lines=lines,
        payment_cents=own.payment_cents,
        peers=tuple(sorted(peers, key=lambda line: (-line.residents, line.name))),
        peer_rule=CONSORTIUM_PEERS,
        members=member_lines(libraries, lines),
        sheet=None,
        logo=Logo.objects.filter(consortium=consortium).first(),
        path=reverse("reports:consortium_assessment", args=[consortium.pk]),
    )


def _assessment(
    *,
    subject: Subject,
    about: str,
    of: list[Library],
    run: PaymentRun,
    selection: Selection,
    today: date,
    lent: Lent,
    lent_kind: Provenance,
    borrowed: Borrowed,
    borrowed_kind: Provenance,
    exchanges: Exchanges,
    unreported: frozenset[int],
    lines: Mapping[int, Line],
    payment_cents: int | None,
    peers: tuple[PeerLine, ...],
    peer_rule: str,
    members: tuple[MemberLine, ...],
    sheet: AdvocacySheet | None,
    logo: Logo | None,
    path: str,
) -> Assessment:
    """Put together what both kinds of assessment have."""
    circulation, sources = _circulation(of, run, lines)
    years, lent_by_year = _years(of, run, today)
    own_keys = {library.key for library in of}
    found = [lines[library.pk] for library in of if library.pk in lines]
    estimated = Provenance.ESTIMATED if run.estimated else lent_kind
    stated = [
        [subject.name, subject.members, lent.number, borrowed.number, payment_cents],
        [selection.price_cents, selection.cost_cents, selection.average_cents, selection.in_address],
        [circulation.items, circulation.lent, *sources] if circulation else None,
        [[line.fiscal_year, line.lent, line.known] for line in years],
        [[line.name, line.residents, line.lent, line.payment_cents] for line in peers],
        logo.sha256 if logo else None,
    ]
    return Assessment(
        subject=subject,
        about=about,
        sections=selection.sections,
        fiscal_year=run.fiscal_year,
        measured=written_span(run.measured),
        residents=next(line.residents for line in peers if line.is_own),
        lent=lent,
        lent_kind=lent_kind,
        lent_to=sum(bool(one.loans) for one in exchanges.lent),
        silent=sum(library.pk not in lines or lines[library.pk].lent is None for library in of),
        borrowed=borrowed,
        borrowed_kind=borrowed_kind,
        borrowed_from=sum(bool(one.loans) for one in exchanges.borrowed),
        borrowed_within=sum(one.loans or 0 for one in exchanges.borrowed if one.partner.key in own_keys),
        payment_cents=payment_cents,
        payment_kind=estimated,
        paid_members=sum(bool(line.payment_cents) for line in found),
        withheld_members=sum(bool(line.withheld_cents) for line in found),
        price_cents=selection.price_cents,
        cost_cents=selection.cost_cents,
        average_cents=selection.average_cents,
        circulation=circulation,
        circulation_sources=sources,
        years=years,
        lent_by_year=lent_by_year,
        trend=charts(
            (line.fiscal_year, [] if line.lent is None else [Value(line.lent, line.kind.value)])
            for line in years
        ),
        peers=peers,
        peer_rule=peer_rule,
        members=members,
        used=towns_of(exchanges.borrowed),
        came=towns_of(exchanges.lent),
        maps=maps_of_place(run, exchanges, url=_town_page, unreported=unreported),
        sheet=sheet,
        estimate_note=estimate_of(run.counted_filings.values("filing")) if run.estimated else "",
        logo=Own(bytes(logo.png), logo.sha256, logo.width, logo.height) if logo else None,
        address=f"{settings.SITE_URL}{path}?{selection.query}",
        made_from=MadeFrom(
            source=source_of(run),
            rulebook_edition=run.rulebook_edition,
            data_sha256=sha256_of({"run": run.manifest_sha256, "assessment": stated}),
            dated=dated(run),
        ),
    )


def _town_page(number: int) -> str:
    return reverse("reports:town_page", args=[number])


def _why(sheet: AdvocacySheet) -> NotKnown | None:
    if sheet.lent is not None:
        return None
    if not sheet.took_part:
        return NotKnown.TOOK_NO_PART
    return NotKnown.NOT_COUNTED if sheet.filed else NotKnown.NOT_FILED


def _why_of_members(found: Collection[Line]) -> NotKnown | None:
    if not found:
        return NotKnown.TOOK_NO_PART
    return None if any(line.lent is not None for line in found) else NotKnown.NOT_FILED


# What the run says


def _members(run: PaymentRun) -> dict[Consortium, list[Library]]:
    """Return the members of each consortium on the last day of the twelve months, by name then."""
    names = LibraryName.objects.borne_on(run.measured.last_day)
    found: dict[Consortium, list[Library]] = defaultdict(list)
    memberships = ConsortiumMembership.objects.filter(valid__contains=run.measured.last_day)
    for membership in memberships.select_related("consortium", "library__town"):
        library = membership.library
        library.name = names.get(library.pk, library.name)
        found[membership.consortium].append(library)
    return {
        consortium: sorted(libraries, key=lambda library: (library.name, library.key))
        for consortium, libraries in sorted(found.items(), key=lambda item: item[0].name)
    }


def _exchanges(run: PaymentRun, libraries: list[Library], place: Place) -> Exchanges:
    """Return what passed between these libraries, taken as one place, and each library."""
    keys = [library.key for library in libraries]
    of = Q(filing__library__key__in=keys) | Q(filing__loan_counts__home_library__key__in=keys)
    year = year_of_flows(run, Grain.LIBRARY, of)
    if len(libraries) == 1:
        return year.exchanges(place)
    borrowed, lent = (_joined(year, set(keys), borrowed=way) for way in (True, False))
    return Exchanges(
        place,
        borrowed,
        lent,
        sum(one.loans or 0 for one in borrowed),
        sum(one.loans or 0 for one in lent),
    )


def _joined(year: YearOfFlows, own: set[str], *, borrowed: bool) -> tuple[Exchange, ...]:
    """Add up what the libraries of these keys borrowed from, or lent to, each library."""
    loans: dict[Place, list[int]] = defaultdict(list)
    kinds: dict[Place, set[str]] = defaultdict(set)
    for flow in year.flows:
        mine, partner = (flow.home, flow.lender) if borrowed else (flow.lender, flow.home)
        if mine.key in own:
            kinds[partner].add(flow.kind)
            loans[partner] += [] if flow.loans is None else [flow.loans]
    ordered = sorted(kinds, key=lambda partner: (not loans[partner], -sum(loans[partner]), partner.name))
    return tuple(
        Exchange(
            rank if loans[partner] else None,
            partner,
            sum(loans[partner]) if loans[partner] else None,
            0,
            0,
            weakest(kinds[partner]),
        )
        for rank, partner in enumerate(ordered, start=1)
    )


# Circulation


def _circulation(
    libraries: list[Library], run: PaymentRun, lines: Mapping[int, Line]
) -> tuple[Circulation | None, tuple[str, ...]]:
    """Return what these libraries gave as their circulation, set beside their loans, and its sources.

    A library whose loans are not known is left out, unless it is the only one asked about.
    """
    given = [
        one
        for one in GivenCirculation.objects.filter(
            library__in=libraries, fiscal_year=run.fiscal_year
        ).select_related("library")
        if len(libraries) == 1 or (one.library_id in lines and lines[one.library_id].lent is not None)
    ]
    if not given:
        return None, ()
    spans = sorted({_months_of(one, run) for one in given}, key=lambda span: span.first_day)
    lent = [lines[one.library_id].lent or 0 for one in given if one.library_id in lines]
    found = Circulation(
        items=sum(one.items for one in given),
        lent=sum(lent),
        months=" or ".join(map(written_span, spans)),
        loan_months=written_span(run.measured),
        libraries=len(given),
    )
    sources = tuple(
        f"{one.library.name}: {one.source}" if len(libraries) > 1 else one.source for one in given
    )
    return found, sources


def _months_of(given: GivenCirculation, run: PaymentRun) -> Span:
    if given.months == CirculationMonths.MEASURED:
        return run.measured
    return Span(*fiscal_year_days(given.fiscal_year))


# Through the years


def _years(
    libraries: list[Library], run: PaymentRun, today: date
) -> tuple[tuple[YearLine, ...], dict[str, dict[int, int]]]:
    """Return the five fiscal years that end with the run's, and what each library lent in them.

    Of several sources of one library and year the firmest speaks.
    """
    wanted = range(run.fiscal_year - YEARS + 1, run.fiscal_year + 1)
    firmest: dict[tuple[int, int], HistoryFigure] = {}
    for figure in figures(libraries=[library.pk for library in libraries], today=today):
        if figure.library_id is None or figure.value is None or figure.fiscal_year not in wanted:
            continue
        place = (figure.library_id, figure.fiscal_year)
        if place not in firmest or _firmness(figure) < _firmness(firmest[place]):
            firmest[place] = figure
    lines = []
    for year in wanted:
        known = [figure for (_, of_year), figure in firmest.items() if of_year == year]
        lines.append(
            YearLine(
                year,
                sum(figure.value or 0 for figure in known) if known else None,
                len(known),
                kind_of(figure.kind for figure in known),
            )
        )
    lent: dict[str, dict[int, int]] = {library.key: {} for library in libraries}
    key_of = {library.pk: library.key for library in libraries}
    for (library_id, year), figure in firmest.items():
        lent[key_of[library_id]][year] = figure.value or 0
    return tuple(lines), lent


def _firmness(figure: HistoryFigure) -> int:
    return BY_FIRMNESS.index(figure.kind)
