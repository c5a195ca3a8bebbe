"""Bars of figures."""

import pytest

from transactions.bar_chart import bar_chart


def test_the_greatest_bar_is_as_wide_as_the_picture_and_zero_has_none():
    chart = bar_chart([("Avon", 3000), ("Bolton", 1500), ("Canton", 1), ("Derby", 0)], width=600)

    assert chart is not None
    assert [bar.length for bar in chart.bars] == [600, 300, 1, 0]
    assert [bar.percent for bar in chart.bars] == [100, 50, 0.2, 0]
    assert chart.words == "Avon: 3,000; Bolton: 1,500; Canton: 1; Derby: 0"
    assert chart.height >= chart.bars[-1].y + chart.bar_height


@pytest.mark.parametrize("values", [[], [("Avon", 0)]])
def test_nothing_to_show_is_no_chart(values):
    assert bar_chart(values) is None


def test_a_number_below_zero_is_refused():
    with pytest.raises(ValueError, match="zero or more"):
        bar_chart([("Avon", -1)])
