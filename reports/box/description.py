"""What describes a box to programs and to people: datapackage.json, README and CITATION."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from reports.box.tables import FOREIGN_KEYS
from reports.models import Edition
from reports.tables import Column, Kind, Table

LICENSE = {
    "name": "other-pd",
    "title": "Public record of the State of Connecticut, free of known restrictions",
    "path": "https://creativecommons.org/publicdomain/mark/1.0/",
}
LICENSE_OF_NAMES = {
    "name": "CC-BY-SA-4.0",
    "title": "Creative Commons Attribution-ShareAlike 4.0: what is taken from the State Library's "
    "statistical profile",
    "path": "https://creativecommons.org/licenses/by-sa/4.0/",
}
SOURCES = {
    "run": {"title": "Connecticut State Library: certified filings and payment run"},
    "reports": {
        "title": "Connecticut State Library: certified annual reports, Regs. Conn. State Agencies 11-31c-3"
    },
    "libraries": {
        "title": "Institute of Museum and Library Services, Public Libraries Survey; Connecticut State "
        "Library, Connecticut's Public Libraries: A Statistical Profile",
    },
    "towns": {
        "title": "U.S. Census Bureau, TIGER; Connecticut Department of Public Health, town population "
        "estimates"
    },
}
_TYPES: dict[Kind, dict[str, Any]] = {
    Kind.TEXT: {"type": "string"},
    Kind.KEY: {"type": "string", "constraints": {"pattern": "^[A-Za-z0-9-]{1,12}$"}},
    Kind.INTEGER: {"type": "integer"},
    Kind.CENTS: {"type": "number", "decimalChar": ".", "bareNumber": True},
    Kind.DAY: {"type": "date", "format": "%Y-%m-%d"},
    Kind.YES_NO: {"type": "boolean", "trueValues": ["yes"], "falseValues": ["no"]},
}
_MEDIA_TYPES = {
    "csv": "text/csv",
    "pdf": "application/pdf",
    "html": "text/html",
    "json": "application/json",
    "md": "text/markdown",
    "cff": "application/x-yaml",
}


def name_of(edition: Edition) -> str:
    """Return the name of an edition's data package, which never changes."""
    return f"borrowit-ct-fy{edition.fiscal_year}-edition-{edition.number}"


def address_of(edition: Edition) -> str:
    """Return the permanent address of an edition's box."""
    return f"{settings.SITE_URL}/reports/{edition.fiscal_year}/edition-{edition.number}/box.zip"


def data_package(edition: Edition, tables: Mapping[str, Table], files: Mapping[str, bytes]) -> bytes:
    """Return datapackage.json (Frictionless Data Package): each table with its schema, each other file.

    `files` are all others by path, the tables among them as data/NAME.csv.
    """
    assert edition.published_at is not None, "a box is of a published edition"
    described = [
        {**_file(f"data/{name}.csv", files[f"data/{name}.csv"], name), **_table(name, table)}
        for name, table in tables.items()
    ]
    others = [
        {**_file(path, content, _name(path)), "type": "json" if path.endswith(".json") else "file"}
        for path, content in sorted(files.items())
        if not path.startswith("data/")
    ]
    run = edition.run
    package = {
        "profile": "data-package",
        "name": name_of(edition),
        "id": address_of(edition),
        "title": title_of(edition),
        "description": f"What the Connecticut State Library published of the payments of fiscal year "
        f"{edition.fiscal_year}: loans from {run.measured.first_day} to {run.measured.last_day}, payments, "
        "annual reports, and the law applied.",
        "version": str(edition.number),
        "created": edition.published_at.isoformat(),
        "homepage": f"{settings.SITE_URL}/reports/{edition.fiscal_year}/",
        "keywords": ["Connecticut", "public libraries", "borrowIT CT", "Connecticard", "library loans"],
        "licenses": [LICENSE, LICENSE_OF_NAMES],
        "sources": list(SOURCES.values()),
        "contributors": [{"title": "Connecticut State Library", "role": "publisher"}],
        "rulebook_edition": run.rulebook_edition,
        "inputs_sha256": run.inputs_sha256,
        "resources": described + others,
    }
    return json.dumps(package, indent=2, ensure_ascii=False).encode() + b"\n"


def title_of(edition: Edition) -> str:
    """Return the title under which an edition's data are cited."""
    return f"{settings.PROGRAM_NAME}, fiscal year {edition.fiscal_year}, edition {edition.number}"


def readme(edition: Edition, tables: Mapping[str, Table], *, statements: int) -> bytes:
    """Return README.md: what is in the box, what its figures mean, how it is checked and cited."""
    return _from_template(
        "README.md", edition, tables=[(name, table) for name, table in tables.items()], statements=statements
    )


def citation(edition: Edition) -> bytes:
    """Return CITATION.cff (Citation File Format 1.2.0)."""
    return _from_template("CITATION.cff", edition)


def _from_template(name: str, edition: Edition, **context: Any) -> bytes:
    return render_to_string(
        f"reports/box/{name}",
        {
            "edition": edition,
            "run": edition.run,
            "title": title_of(edition),
            "name": name_of(edition),
            "address": address_of(edition),
            "site": settings.SITE_URL,
            **context,
        },
    ).encode()


def _file(path: str, content: bytes, name: str) -> dict[str, Any]:
    ending = path.rpartition(".")[2]
    described = {
        "name": name,
        "path": path,
        "format": ending,
        "mediatype": _MEDIA_TYPES[ending],
        "bytes": len(content),
        "hash": f"sha256:{sha256(content).hexdigest()}",
    }
    return described if ending == "pdf" else {**described, "encoding": "utf-8"}


def _table(name: str, table: Table) -> dict[str, Any]:
    source = (
        SOURCES.get(name) or SOURCES["run" if name in ("flows", "payments", "eligibility") else "reports"]
    )
    return {
        "profile": "tabular-data-resource",
        "type": "table",
        "title": table.title,
        **({"description": table.caption} if table.caption else {}),
        "licenses": [LICENSE_OF_NAMES if name == "libraries" else LICENSE],
        "sources": [source],
        "schema": _schema(name, table),
    }


def _schema(name: str, table: Table) -> dict[str, Any]:
    blanks = sorted({column.blank for column in table.columns} | {""})
    schema: dict[str, Any] = {
        "fields": [_field(column, required=column.name in table.key) for column in table.columns],
        "missingValues": blanks,
    }
    if table.key:
        schema["primaryKey"] = list(table.key)
    if foreign := FOREIGN_KEYS.get(name):
        schema["foreignKeys"] = [
            {"fields": [column], "reference": {"resource": other, "fields": [there]}}
            for column, other, there in foreign
        ]
    return schema


def _field(column: Column, *, required: bool) -> dict[str, Any]:
    field: dict[str, Any] = {"name": column.name, "title": column.label, **_TYPES[column.kind]}
    notes = [
        column.note,
        f"In {column.unit}." if column.unit else "",
        "Estimated." if column.is_estimated else "",
    ]
    if note := " ".join(filter(None, notes)):
        field["description"] = note
    if required:
        field["constraints"] = {**field.get("constraints", {}), "required": True}
    return field


def _name(path: str) -> str:
    return path.lower().replace("/", "-").replace(".", "-").replace("_", "-")
