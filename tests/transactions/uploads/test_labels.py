"""Labels are read as the one home library that they can mean, or asked; never as another."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.transactions.uploads.conftest import IDS, LIBRARIES, NAMES, TOWNS
from transactions.uploads.labels import (
    LabelMatcher,
    Reading,
    is_total,
    may_be_private,
    normal,
    villages,
)

MATCHER = LabelMatcher(LIBRARIES, TOWNS)
OFFICIAL = {name: library.id for library in LIBRARIES for name in (library.name, *library.former_names)}
NAME_FORMS = {normal(name) for name in [*OFFICIAL, *TOWNS, *villages()]}


def name_of(label: str) -> str | None:
    home = MATCHER.match(label).library
    return None if home is None else NAMES[home]


@pytest.mark.parametrize("name", OFFICIAL)
def test_every_official_and_former_name_is_itself(name):
    for written in (name, name.upper(), f"  {name.lower()} ", name.replace("&", "and")):
        assert MATCHER.match(written).library == OFFICIAL[name]


@pytest.mark.parametrize("town", TOWNS)
def test_every_town_is_its_library_or_asks_with_the_principal_one_first(town):
    match = MATCHER.match(town)

    if len(TOWNS[town]) == 1 and town != "Canaan":
        assert match.library == TOWNS[town][0]
    else:
        assert match.is_asked
        assert match.choices[0] == TOWNS[town][0]
        assert set(TOWNS[town]) <= set(match.choices)


def test_the_village_of_canaan_lies_in_another_town_so_it_is_asked():
    match = MATCHER.match("Canaan")

    assert match.choices == (IDS["CT0022"], IDS["CT0110"])
    assert not match.offered


@pytest.mark.parametrize("village", villages())
def test_every_village_is_read_as_a_home_library_of_its_towns(village):
    homes = {home for town in villages()[village] for home in TOWNS[town]}
    match = MATCHER.match(village)

    assert match.is_known
    assert {match.library} <= homes if match.library else homes <= set(match.choices)


@pytest.mark.parametrize("towns", villages().values())
def test_villages_lie_in_towns_of_the_state(towns):
    assert set(towns) <= set(TOWNS)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("E Hartford", "East Hartford Public Library"),
        ("N. Branford", "North Branford Library Department"),
        ("Hartford, West", "West Hartford Public Library"),
        ("Danbury Pub. Lib.", "Danbury Public Library"),
        ("Norwalk PL", "Norwalk Public Library"),
        ("avon free", "Avon Free Public Library"),
        ("Town of Avon", "Avon Free Public Library"),
        ("Old Saybrook, CT", "Acton Public Library"),
        ("Haddam Public Library", "Brainerd Memorial Library"),
        ("Kent Memorial", "Kent Memorial Library"),
        ("Kent", "Kent Library Association"),
        ("Prosser", "Bloomfield Public Library"),
        ("Storrs", "Mansfield Public Library"),
        ("Niantic", "East Lyme Public Library"),
        ("Rockville", "Rockville Public Library, Inc."),
        ("Barkhamsted", "Beardsley & Memorial Library"),
        ("Wethersfeild", "Wethersfield Public Library"),
        ("Farmingtn", "Farmington Libraries"),
        ("CT0044", "Middle Haddam Public Library"),
    ],
)
def test_labels_as_people_write_them_are_read(label, name):
    assert name_of(label) == name


@pytest.mark.parametrize(
    ("label", "first"),
    [
        ("So. Windsor", "South Windsor Public Library"),
        ("Mystic", "Groton Public Library"),
        ("Ivoryton", "Ivoryton Library Association"),
        ("Willimantic", "Willimantic Public Library"),
        ("Berlin Library", "Berlin-Peck Memorial Library"),
        ("Cantebury", "Canterbury Public Library"),
        ("Canten", "Canton Public Library"),
        ("Norwch", "Otis Library"),
        ("Norwak", "East Norwalk Library"),
        ("Windsor Lock", "Windsor Locks Public Library"),
        ("Windser", "Windsor Public Library"),
        ("East Windsr", "Broad Brook Library"),
        ("Booth Library", "Booth & Dimock Memorial Library"),
        ("BETH", "Clark Memorial Library"),
    ],
)
def test_labels_that_may_mean_several_are_asked_with_suggestions(label, first):
    match = MATCHER.match(label)

    assert match.is_asked
    assert NAMES[(match.choices or MATCHER.suggestions(label))[0]] == first


@pytest.mark.parametrize("label", ["", "John Smith", "ILL", "Out of state", "12", "---", "UConn", "x" * 200])
def test_what_is_no_library_is_not_read_as_one(label):
    assert name_of(label) is None
    assert not MATCHER.match(label).is_known


def test_what_was_said_before_comes_first():
    matcher = LabelMatcher(LIBRARIES, TOWNS, {"mystic": IDS["CT0069"], "ill": None})

    assert matcher.match("MYSTIC").library == IDS["CT0069"]
    assert matcher.match("ILL").leave_out
    assert not matcher.match("ILL").is_asked


@pytest.mark.parametrize("label", ["Total", "GRAND TOTAL:", "Totals", "Sum", "Sub-total", "Total loans"])
def test_totals_are_known(label):
    assert is_total(label)


@pytest.mark.parametrize("label", ["Tolland", "Summit", "Avon", ""])
def test_what_is_no_total_is_not_taken_for_one(label):
    assert not is_total(label)


@pytest.mark.parametrize("label", ["Smith, John", "a@example.org", "21234000123456", "O'Neil, Mary Ann"])
def test_what_looks_like_a_person_is_known(label):
    assert may_be_private(label)


slips = st.lists(
    st.tuples(
        st.sampled_from(["drop", "swap", "double", "change", "add"]),
        st.integers(0, 60),
        st.sampled_from("aeinorst"),
    ),
    min_size=1,
    max_size=2,
)


def with_slips(name: str, made: list[tuple[str, int, str]]) -> str:
    for slip, at, letter in made:
        at %= max(len(name), 1)
        match slip:
            case "drop":
                name = name[:at] + name[at + 1 :]
            case "swap":
                name = name[:at] + name[at + 1 : at + 2] + name[at : at + 1] + name[at + 2 :]
            case "double":
                name = name[:at] + name[at : at + 1] + name[at:]
            case "change":
                name = name[:at] + letter + name[at + 1 :]
            case "add":
                name = name[:at] + letter + name[at:]
    return name


@settings(max_examples=400, deadline=None)
@given(name=st.sampled_from(sorted({*OFFICIAL, *TOWNS})), made=slips)
def test_a_slip_never_turns_one_official_name_into_another(name, made):
    written = with_slips(name, made)
    assume(normal(written) not in NAME_FORMS)
    homes = {OFFICIAL[name]} if name in OFFICIAL else set(TOWNS[name])

    match = LabelMatcher.match(MATCHER, written)

    assume(match.reading not in {Reading.SHORTENED, Reading.TOWN, Reading.VILLAGE, Reading.EXACT})
    assert match.library is None or match.library in homes


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_read_or_asked_and_never_fails(text):
    match = MATCHER.match(text)

    assert match.library is None or match.library in NAMES
