"""The stylesheet that is served holds what the pages use."""

from collections.abc import Iterator

from devtools import stylesheet


def rules(css: str) -> Iterator[tuple[str, str, str]]:
    """Yield condition, selector and block of each rule."""
    for prelude, block in stylesheet._rules(css):
        if prelude.startswith(("@media", "@supports")):
            yield from ((prelude, selector, inner) for _, selector, inner in rules(block))
        else:
            yield from (("", selector, block) for selector in stylesheet._selectors(prelude))


def test_every_rule_that_a_page_needs_is_served():
    """Mend it by `python -m devtools.stylesheet`."""
    missing = set(rules(stylesheet.stylesheet())) - set(rules(stylesheet.SERVED.read_text()))

    assert missing == set()


def test_most_of_the_whole_one_is_left_out():
    assert stylesheet.SERVED.stat().st_size < 60_000 < 500_000 < stylesheet.WHOLE.stat().st_size


def test_a_rule_is_kept_for_the_names_that_it_needs_alone():
    css = (
        ".usa-a,.usa-b{x:1}.usa-a__part:not(.usa-b){x:2}@media print{.usa-b{x:3}.named{x:4}}"
        ".grid\\:6{x:5}p{x:6}@font-face{font-family:Other}"
    )

    kept = stylesheet._kept(css, {"usa-a"}, {"named"})

    assert kept == ".usa-a{x:1}.usa-a__part:not(.usa-b){x:2}@media print{.named{x:4}}p{x:6}"
