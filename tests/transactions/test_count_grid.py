"""The grid of a filing: which cells it has, and what becomes of what two people typed."""

from datetime import UTC, date, datetime

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.http import QueryDict

from connecticard.models import Role
from libraries.models import LibrarySuccession
from tests.factories import make_counts, make_filing, make_period, make_residency, make_user
from tests.transactions.conftest import months
from transactions import services
from transactions.count_grid import (
    CountGrid,
    Line,
    Order,
    active_lines,
    count_grid,
    merge,
    ordered,
    totals,
)
from transactions.count_grid_form import CountGridForm, cell_name, read_only_grid
from transactions.rules.filing_calendar import Cadence
from transactions.rules.filing_checks import NOT_COUNTED

MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)
IN_MARCH = datetime(2026, 3, 5, 14, tzinfo=UTC)


def names(grid):
    return [line.name for line in grid.lines]


def small_grid(*columns):
    both = frozenset(columns)
    return CountGrid(
        columns,
        (Line(1, "CT0001", "Avon Library", "Avon", both), Line(2, "CT0002", "Bethel", "Bethel", both)),
    )


# Which cells there are


@pytest.mark.django_db
def test_own_library_has_no_line_and_the_note_cites_the_rule(libraries):
    grid = count_grid(make_filing(libraries["CT0001"]))

    assert names(grid) == ["Bethel Library", "Canton Library", "Eastford Library", "Pequot Library"]
    (note,) = grid.left_out
    assert note.name == "Avon Library"
    assert note.citation.endswith("11-31c-1(f)")


@pytest.mark.django_db
def test_libraries_of_one_town_have_no_line_for_one_another(libraries):
    grid = count_grid(make_filing(libraries["CT0005"]))

    assert "Eastford Library" not in names(grid)
    assert [note.name for note in grid.left_out] == ["Eastford Library", "Pequot Library"]
    assert "a library of Eastford, a town that your library served" in grid.left_out[0].reason


@pytest.mark.django_db
def test_months_in_which_a_town_was_served_are_left_out_of_its_line(libraries):
    avon, eastford = libraries["CT0001"], libraries["CT0004"].town
    make_residency(eastford, avon, principal=False, begins=date(2026, 6, 1))

    grid = count_grid(make_filing(avon))

    line = next(line for line in grid.lines if line.name == "Eastford Library")
    assert sorted(line.columns) == [MARCH, APRIL, MAY]
    assert "Eastford Library" in [note.name for note in grid.left_out]


@pytest.mark.django_db
def test_period_total_that_spans_such_a_change_has_no_cell(libraries):
    avon, eastford = libraries["CT0001"], libraries["CT0004"].town
    make_residency(eastford, avon, principal=False, begins=date(2026, 6, 1))

    grid = count_grid(make_filing(avon, basis="period_total"))

    assert grid.columns == (None,)
    assert names(grid) == ["Bethel Library", "Canton Library"]
    assert "month by month" in grid.left_out[1].reason


@pytest.mark.django_db
def test_library_closed_before_the_period_is_named_with_its_successor(libraries):
    bethel, canton = libraries["CT0002"], libraries["CT0003"]
    bethel.open_during = DateRange(None, date(2025, 7, 1))
    bethel.save()
    bethel.residencies.update(valid=DateRange(None, date(2025, 7, 1)))
    LibrarySuccession.objects.create(
        predecessor=bethel, successor=canton, on=date(2025, 7, 1), document="Vote of 2025"
    )

    grid = count_grid(make_filing(libraries["CT0001"]))

    assert "Bethel Library" not in names(grid)
    note = next(note for note in grid.left_out if note.name == "Bethel Library")
    assert "Canton Library, which succeeded it" in note.reason


@pytest.mark.django_db
def test_count_on_record_without_a_place_can_be_seen_and_cleared(libraries):
    grid = count_grid(make_filing(libraries["CT0005"]), [(libraries["CT0004"].pk, APRIL)])

    line = next(line for line in grid.lines if line.name == "Eastford Library")
    assert line.columns == {APRIL}


@pytest.mark.django_db
def test_lines_stand_in_the_order_of_the_alphabet_whatever_the_case(libraries):
    libraries["CT0004"].name = "acorn Library"
    libraries["CT0004"].save()

    assert names(count_grid(make_filing(libraries["CT0002"])))[:2] == ["acorn Library", "Avon Library"]


def test_lines_are_shown_in_the_order_that_is_asked_for():
    lines = [
        Line(1, "CT0001", "Acton Library", "Old Saybrook", frozenset()),
        Line(2, "CT0002", "Bethel Library", "Bethel", frozenset()),
        Line(3, "CT0003", "Canton Library", "Canton", frozenset()),
    ]

    assert [line.library_id for line in ordered(lines, Order.NAME, ())] == [1, 2, 3]
    assert [line.library_id for line in ordered(lines, Order.TOWN, ())] == [2, 3, 1]
    assert [line.library_id for line in ordered(lines, Order.ACTIVITY, {3})] == [3, 1, 2]


@pytest.mark.django_db
def test_activity_is_what_is_entered_now_and_what_was_lent_a_year_before(libraries):
    avon, bethel, canton = (libraries[key] for key in ("CT0001", "CT0002", "CT0003"))
    before = make_filing(avon, make_period(date(2025, 3, 1), Cadence.ANNUAL))
    make_counts(before, {(canton, date(2025, 4, 1)): 3})
    for month in months(date(2025, 3, 1), 12):
        make_counts(before, {(bethel, month): 0})
    filer, certifier = (
        make_user(role, library=avon) for role in (Role.LIBRARY_FILER, Role.LIBRARY_CERTIFIER)
    )
    services.submit_filing(filing=before, by=filer, at=IN_MARCH)
    services.certify_filing(filing=before, by=certifier, at=IN_MARCH)

    active = active_lines(make_filing(avon), {(bethel.pk, MARCH): 1, (canton.pk, MARCH): 0})

    assert active == {bethel.pk, canton.pk}


# Sums


def test_totals_leave_blanks_out():
    grid = small_grid(MARCH, APRIL)

    sums = totals(grid, {(1, MARCH): 5, (1, APRIL): None, (2, APRIL): 0})

    assert sums.by_line == {1: 5, 2: 0}
    assert sums.by_column == {MARCH: 5, APRIL: 0}
    assert (sums.all, sums.lines_with_loans, sums.not_counted) == (5, 1, 0)


def test_what_was_not_counted_adds_nothing_and_is_told():
    sums = totals(small_grid(MARCH, APRIL), {(1, MARCH): 5, (1, APRIL): NOT_COUNTED, (2, APRIL): NOT_COUNTED})

    assert (sums.by_line, sums.by_column, sums.all) == ({1: 5, 2: 0}, {MARCH: 5, APRIL: 0}, 5)
    assert sums.not_counted == 2


# Two people


def test_values_are_read_back_as_they_were_written():
    grid = small_grid(MARCH, APRIL)
    counts = {(1, MARCH): 5, (2, MARCH): NOT_COUNTED, (2, APRIL): 0}

    assert grid.read_back(grid.written(counts)) == {
        (1, MARCH): 5,
        (1, APRIL): None,
        (2, MARCH): NOT_COUNTED,
        (2, APRIL): 0,
    }


@pytest.mark.parametrize("text", ["", "x", "00000000:1,2", None])
def test_values_of_another_grid_are_not_read_back(text):
    grid = small_grid(MARCH)
    text = small_grid(APRIL).written({}) if text is None else text

    assert grid.read_back(text) is None


def test_a_damaged_value_is_not_read_back():
    grid = small_grid(MARCH)

    assert grid.read_back(f"{grid.shape}:1,x") is None


def test_cells_that_one_person_changed_are_brought_together():
    grid = small_grid(MARCH)

    merged = merge(
        grid,
        before={(1, MARCH): 1, (2, MARCH): 2},
        mine={(1, MARCH): 10, (2, MARCH): 2},
        theirs={(1, MARCH): 1, (2, MARCH): 20},
    )

    assert merged.mine == {(1, MARCH): 10, (2, MARCH): 20}
    assert merged.taken_over == {(2, MARCH)}
    assert merged.conflicts == {}


def test_a_cell_that_both_changed_keeps_mine_and_names_theirs():
    grid = small_grid(MARCH)

    merged = merge(
        grid, before={(1, MARCH): 1}, mine={(1, MARCH): 10, (2, MARCH): None}, theirs={(1, MARCH): 30}
    )

    assert merged.mine[1, MARCH] == 10
    assert merged.conflicts == {(1, MARCH): 30}


def test_a_blank_against_a_zero_is_a_conflict():
    grid = small_grid(MARCH)

    merged = merge(grid, before={(1, MARCH): 5}, mine={(1, MARCH): None}, theirs={(1, MARCH): 0})

    assert merged.conflicts == {(1, MARCH): 0}


def test_not_counted_against_a_blank_or_a_zero_is_a_conflict():
    grid = small_grid(MARCH)

    merged = merge(
        grid,
        before={(1, MARCH): 5, (2, MARCH): 5},
        mine={(1, MARCH): None, (2, MARCH): NOT_COUNTED},
        theirs={(1, MARCH): NOT_COUNTED, (2, MARCH): 0},
    )

    assert merged.conflicts == {(1, MARCH): NOT_COUNTED, (2, MARCH): 0}


def test_without_a_beginning_every_difference_is_a_conflict():
    grid = small_grid(MARCH)

    merged = merge(
        grid, before=None, mine={(1, MARCH): 1, (2, MARCH): 2}, theirs={(1, MARCH): 1, (2, MARCH): 3}
    )

    assert merged.conflicts == {(2, MARCH): 3}


def test_text_that_is_no_number_stays_and_is_shown_beside_what_was_saved():
    grid = small_grid(MARCH)

    merged = merge(
        grid, before={(1, MARCH): 1}, mine={(2, MARCH): None}, theirs={(1, MARCH): 7, (2, MARCH): None}
    )

    assert merged.conflicts == {(1, MARCH): 7}
    assert (1, MARCH) not in merged.mine


# The form


def form_with(grid, typed, **fields):
    data = QueryDict(mutable=True)
    data.update({"revision": "0", **{cell_name(cell): text for cell, text in typed.items()}, **fields})
    return CountGridForm(data, grid=grid, counts={}, revision=0, nothing_lent=False, zero_return="Nothing")


def test_numbers_as_people_and_spreadsheets_write_them_are_read():
    form = form_with(small_grid(MARCH, APRIL), {(1, MARCH): " 1,234 ", (1, APRIL): "12.0", (2, MARCH): "0"})

    assert form.is_valid()
    assert form.cleaned_data["counts"] == {
        (1, MARCH): 1234,
        (1, APRIL): 12,
        (2, MARCH): 0,
    }


def test_a_cell_that_was_not_sent_is_not_touched_and_shows_what_is_saved():
    grid = small_grid(MARCH)
    form = CountGridForm(
        {"revision": "0", cell_name((1, MARCH)): "x"},
        grid=grid,
        counts={(2, MARCH): 9},
        revision=0,
        nothing_lent=False,
        zero_return="Nothing",
    )

    assert not form.is_valid()
    assert 'name="c2-2026-03" value="9"' in str(form["counts"])


@pytest.mark.parametrize("typed", ["-1", "1.5", "many", "9999999999", "2147483648", "٣"])
def test_what_is_no_count_is_refused_beside_its_cell(typed):
    form = form_with(small_grid(MARCH), {(1, MARCH): typed, (2, MARCH): "3"})

    assert not form.is_valid()
    assert list(form.cell_problems) == [(1, MARCH)]
    html = str(form["counts"])
    assert 'id="c1-2026-03" name="c1-2026-03" value="' + typed in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="c1-2026-03-note"' in html


def test_typed_text_is_escaped():
    form = form_with(small_grid(MARCH), {(1, MARCH): '"><script>alert(1)</script>'})
    form.is_valid()

    assert "<script>" not in str(form["counts"])


def test_names_of_libraries_are_escaped():
    grid = CountGrid((MARCH,), (Line(1, "CT0001", "<b>Avon</b>", "Avon & Co", frozenset([MARCH])),))

    for html in (str(form_with(grid, {})["counts"]), read_only_grid(grid, {})):
        assert "<b>" not in html
        assert "Avon &amp; Co" in html


def test_each_control_is_named_by_its_row_and_its_column():
    html = str(form_with(small_grid(MARCH), {})["counts"])

    assert 'aria-labelledby="r1 m-2026-03"' in html
    assert '<a id="r1" href="../history/1/">Avon Library</a>' in html
    assert 'id="m-2026-03">Mar 2026</th>' in html


def test_blank_and_zero_look_different_when_only_looked_at():
    html = read_only_grid(small_grid(MARCH, APRIL), {(1, MARCH): 0})

    assert "<td>0</td><td></td><td>0</td></tr>" in html


def test_not_counted_says_what_it_means_when_only_looked_at():
    html = read_only_grid(
        small_grid(MARCH, APRIL), {(1, MARCH): 3, (1, APRIL): NOT_COUNTED, (2, MARCH): NOT_COUNTED}
    )

    not_counted = '<td><abbr title="not counted">n/c</abbr><span class="usa-sr-only"> not counted</span></td>'
    assert f"<td>3</td>{not_counted}<td>3</td></tr>" in html
    assert f"{not_counted}<td></td>{not_counted}</tr>" in html


def test_not_counted_is_typed_and_shown_again_in_its_cell():
    form = form_with(small_grid(MARCH), {(1, MARCH): "NC", (2, MARCH): "Not counted"})

    assert form.is_valid()
    assert form.cleaned_data["counts"] == {(1, MARCH): NOT_COUNTED, (2, MARCH): NOT_COUNTED}
    saved = CountGridForm(
        grid=small_grid(MARCH),
        counts={(1, MARCH): NOT_COUNTED},
        revision=0,
        nothing_lent=False,
        zero_return="Nothing",
    )
    assert 'name="c1-2026-03" value="n/c"' in str(saved["counts"])


def test_cell_that_has_no_place_on_the_form_is_a_dash_with_words_for_screen_readers():
    line = Line(1, "CT0001", "Avon Library", "Avon", frozenset([MARCH]))
    grid = CountGrid((MARCH, APRIL), (line,))

    for html in (str(form_with(grid, {})["counts"]), read_only_grid(grid, {})):
        assert html.count('<span class="usa-sr-only">no loans can be reported</span>') == 1
        assert "not counted" not in html


def test_line_without_an_entry_has_no_total_when_only_looked_at():
    html = read_only_grid(small_grid(MARCH, APRIL), {})

    assert "<td></td><td></td><td></td></tr>" in html
