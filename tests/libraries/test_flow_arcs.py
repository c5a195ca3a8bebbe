from libraries.flow_arcs import BREADTHS, flow_arcs
from libraries.town_map import outlines

_NUMBER = {outline.name: outline.number for outline in outlines()}


def _arcs(*flows):
    numbered = [(_NUMBER.get(start, 999), _NUMBER.get(end, 999), units) for start, end, units in flows]
    return flow_arcs(numbered, words="flows", write="{} to {}: {}".format).arcs


def test_arrow_leads_to_the_middle_of_its_town_and_says_its_units():
    (arc,) = _arcs(("Avon", "Canton", 12))
    x, y = next(outline.centre for outline in outlines() if outline.name == "Canton")

    assert arc.head.startswith(f"M{x} {y}L")
    assert (arc.words, arc.breadth) == ("Avon to Canton: 12", BREADTHS)


def test_more_units_make_a_broader_arrow_that_is_drawn_last():
    arcs = _arcs(("Avon", "Canton", 400), ("Canton", "Avon", 1), ("Avon", "Simsbury", 150))

    assert [arc.breadth for arc in arcs] == [1, 2, 4]


def test_there_and_back_do_not_cover_each_other():
    there, back = _arcs(("Avon", "Canton", 5), ("Canton", "Avon", 5))

    assert there.line.split("Q")[1].split()[:2] != back.line.split("Q")[1].split()[:2]


def test_flow_within_a_town_or_of_no_town_is_not_drawn():
    assert _arcs(("Avon", "Avon", 5), ("Nowhere", "Avon", 5)) == ()
