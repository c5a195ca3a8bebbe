"""The flows of a published year as rows of a CSV file."""

from collections.abc import Iterator

from reports.places.flows import Grain, Place, YearOfFlows

Row = list[object]


def flow_rows(year: YearOfFlows, of: Place | None = None) -> Iterator[Row]:
    """Yield a heading and a row for each pair, of one place where it is given; n/c is not counted, not 0."""
    keys = (
        ["lender_town_number", "lender_town", "home_town_number", "home_town"]
        if year.grain is Grain.TOWN
        else ["lender", "lender_name", "home_library", "home_library_name"]
    )
    yield ["fiscal_year", *keys, "loans", "kind"]
    for flow in year.flows:
        if of is None or of in (flow.lender, flow.home):
            yield [
                year.run.fiscal_year,
                flow.lender.key,
                flow.lender.name,
                flow.home.key,
                flow.home.name,
                "n/c" if flow.loans is None else flow.loans,
                flow.kind.value,
            ]


def balance_rows(year: YearOfFlows) -> Iterator[Row]:
    """Yield a heading and a row for each place: lent, borrowed elsewhere, net; empty is not reported."""
    place = ["town_number", "town"] if year.grain is Grain.TOWN else ["library", "library_name"]
    yield ["fiscal_year", *place, "lent", "borrowed", "net", "lent_to", "borrowed_from", "kind"]
    for balance in year.balances:
        yield [
            year.run.fiscal_year,
            balance.place.key,
            balance.place.name,
            balance.lent,
            balance.borrowed,
            balance.net if balance.lent is not None else None,
            balance.loaned_to,
            balance.borrowed_from,
            balance.kind.value,
        ]
