"""The roster that the product ships: towns, libraries, residency and consortia, read from `data/`.

Sources and licences: `data/README.md`. An empty cell is unknown and stays so.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

DATA = Path(__file__).resolve().parent / "data"
SURVEY_YEAR = (date(2017, 7, 1), date(2018, 7, 1))  # FY2018, the year of `name_fy2018` and the networks


@dataclass(frozen=True)
class ShippedTown:
    """A town and the key of its principal library."""

    number: int
    name: str
    county: str
    planning_region: str
    geoid: str
    population: int
    principal_library: str
    has_library: bool


@dataclass(frozen=True)
class ShippedLibrary:
    """A library of FY2018 with what the surveys say about it."""

    key: str
    state_library_number: str
    name: str
    name_in_survey_year: str
    town: str
    address: str
    postal_city: str
    zip_code: str
    latitude: Decimal | None
    longitude: Decimal | None
    legal_basis: str
    consortium: str
    meets_federal_definition: bool
    in_fy2022_survey: bool
    principal_source: str
    note: str

    @property
    def legal_standing_evidence(self) -> str:
        """Why legal standing is shipped as met, with the source; staff settle it (C.G.S. 11-24a)."""
        sentences = [
            "Shipped as met, to be settled by staff.",
            f"Source: IMLS Public Libraries Survey FY2018; legal basis {self.legal_basis}.",
        ]
        if not self.meets_federal_definition:
            sentences.append("Does not meet the federal (FSCS) definition of a public library in FY2018.")
        if self.note:
            sentences.append(f"Note: {self.note}.")
        return " ".join(sentences)


@dataclass(frozen=True)
class ShippedResidency:
    """Residents of a town have this library as a home library (1(c))."""

    town: str
    library: str
    principal: bool
    source: str


def towns() -> list[ShippedTown]:
    """Return the 169 towns."""
    return [
        ShippedTown(
            number=int(row["state_town_no"]),
            name=row["town"],
            county=row["county"],
            planning_region=row["planning_region"],
            geoid=row["cousub_geoid_county_based"],
            population=int(row["pop_2020_07_01_dph"]),
            principal_library=row["principal_library_fscs"],
            has_library=row["has_library"] == "Y",
        )
        for row in _rows("towns.csv")
    ]


def libraries() -> list[ShippedLibrary]:
    """Return the 192 libraries of FY2018."""
    return [
        ShippedLibrary(
            key=row["fscs_key"],
            state_library_number=row["state_library_id"],
            name=row["name"],
            name_in_survey_year=row["name_fy2018"],
            town=row["town"],
            address=row["address"],
            postal_city=row["postal_city"],
            zip_code=row["zip"],
            latitude=Decimal(row["lat"]) if row["lat"] else None,
            longitude=Decimal(row["lon"]) if row["lon"] else None,
            legal_basis=row["legal_basis"],
            consortium=row["network_fy2018"],
            meets_federal_definition=row["meets_fscs_definition_fy2018"] == "Y",
            in_fy2022_survey=row["in_imls_fy2022"] == "Y",
            principal_source=row["principal_source"],
            note=row["note"],
        )
        for row in _rows("libraries.csv")
    ]


def residencies(towns: list[ShippedTown], libraries: list[ShippedLibrary]) -> list[ShippedResidency]:
    """Return each town's home libraries: its own, or the one designated where it has none."""
    principal = {town.name: town.principal_library for town in towns}
    source = {library.key: library.principal_source for library in libraries}
    own = {(library.town, library.key) for library in libraries}
    designated = set(principal.items())
    return [
        ShippedResidency(
            town=town,
            library=key,
            principal=principal[town] == key,
            source=source[key]
            if (town, key) in own
            else f"Designated for a town without a library. {source[key]}",
        )
        for town, key in sorted(own | designated)
    ]


def _rows(file: str) -> Iterator[dict[str, str]]:
    with (DATA / file).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)
