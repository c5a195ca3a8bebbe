import re
from fractions import Fraction

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from libraries import roster_files
from libraries.town_map import STEPS, WIDTH, height, outlines, town_map

_LARGEST_PATHS = 20_000  # bytes of all boundaries: a page with a map stays light


def _map(values, **settings):
    return town_map(values, **{"key": "lent", "title": "Loans", "words": "{:,} loans".format, **settings})


def _step_of(town_map):
    return {town.number: step.step for step in town_map.steps for town in step.towns}


def test_every_town_has_an_outline():
    towns = {town.number: town.name for town in roster_files.towns()}

    assert {outline.number: outline.name for outline in outlines()} == towns
    assert all(re.fullmatch(r"(M\d+ \d+l[-\d ]+z)+", outline.path) for outline in outlines())


def test_outlines_stay_small():
    assert sum(len(outline.path) for outline in outlines()) < _LARGEST_PATHS


def test_outlines_lie_on_the_map_and_fill_its_width():
    across, down = set(), set()
    for outline in outlines():
        for start, steps in re.findall(r"M(\d+ \d+)l([-\d ]+)z", outline.path):
            x, y = map(int, start.split())
            numbers = [int(number) for number in re.findall(r"-?\d+", steps)]
            for step_x, step_y in zip(numbers[::2], numbers[1::2], strict=True):
                across.add(x)
                down.add(y)
                x, y = x + step_x, y + step_y
            across.add(x)
            down.add(y)

    assert (min(across), max(across)) == (1, WIDTH - 1)
    assert (min(down), max(down)) == (1, height() - 1)


def test_map_has_the_shape_of_the_state():
    # About 100 miles from west to east and 74 from south to north with the shore of Greenwich
    assert 1.33 < WIDTH / height() < 1.38


def test_map_shades_by_value_and_tells_zero_from_unknown():
    drawn = _map({1: 0, 2: None, 3: 10, 4: 20, 5: 30, 6: 40, 7: 50})

    assert _step_of(drawn) == {
        **dict.fromkeys(range(8, 170)),
        1: 0,
        2: None,
        3: 1,
        4: 2,
        5: 3,
        6: 4,
        7: 5,
    }
    assert [step.words for step in drawn.steps] == [
        "none",
        "10 loans",
        "20 loans",
        "30 loans",
        "40 loans",
        "50 loans",
        "not known",
    ]


def test_map_takes_the_breaks_it_is_given():
    drawn = _map({1: 99, 2: 100, 3: 101, 4: Fraction(301, 3)}, breaks=[100, 200], words=str)

    steps = _step_of(drawn)
    assert [steps[number] for number in (1, 2, 3, 4)] == [1, 1, 2, 2]


@given(st.dictionaries(st.integers(1, 169), st.integers(0, 50) | st.none()))
def test_map_shows_each_town_once_and_darker_for_more(values):
    drawn = _map(values)

    assert sorted(town.number for step in drawn.steps for town in step.towns) == list(range(1, 170))
    steps = _step_of(drawn)
    known = sorted((value, steps[number]) for number, value in values.items() if value is not None)
    assert [step for _, step in known] == sorted(step for _, step in known)
    assert all((step == 0) == (value == 0) and step <= STEPS for value, step in known)


@pytest.mark.parametrize(
    ("values", "more", "said"),
    [
        ({170: 1}, {}, "170"),
        ({1: -1}, {}, "Andover"),
        ({1: 1}, {"breaks": [5, 5]}, "rise"),
    ],
)
def test_map_refuses_what_it_cannot_show(values, more, said):
    with pytest.raises(ValueError, match=said):
        _map(values, **more)


def test_drawn_map_names_each_town_and_links_it_by_pointer_only():
    drawn = _map({4: 1204}, url="/towns/{}/".format, marked=4, mark_words="Avon itself")

    page = render_to_string("_components/town_map.html", {"map": drawn})

    assert "<title>Avon: 1,204 loans</title>" in page
    assert page.count('tabindex="-1"') == page.count('href="/towns/') == 169
    assert '<title id="lent-title">Loans</title>' in page
    assert "1,204 loans: 1 town; not known: 168 towns" in page
    assert "Avon itself" in page
    assert "style=" not in page


def test_second_map_of_a_page_uses_the_outlines_of_the_first():
    page = render_to_string("_components/town_map.html", {"map": _map({4: 1}, draws_outlines=False)})

    assert page.count('<use href="#town-') == 169
    assert " d=" not in page.partition("<g aria-hidden")[2]


def test_map_without_a_value_is_hatched_and_says_so():
    drawn = _map({})

    assert [(step.name, step.words, len(step.towns)) for step in drawn.steps] == [("none", "not known", 169)]


def test_town_has_its_centre_and_the_towns_that_border_on_it():
    towns = {outline.name: outline for outline in outlines()}
    names = {outline.number: outline.name for outline in outlines()}

    beside = {names[number] for number in towns["West Hartford"].neighbours}

    assert beside == {"Avon", "Bloomfield", "Farmington", "Hartford", "Newington"}
    assert all(one.number in towns[names[other]].neighbours for one in outlines() for other in one.neighbours)
    assert all(0 < one.centre[0] < WIDTH and 0 < one.centre[1] < height() for one in outlines())
