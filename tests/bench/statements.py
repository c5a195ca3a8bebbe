"""Payment statements: what tags and their repair cost, and what a second process gains."""

import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import django

from tests.bench.measure import Measurement, paired

STATEMENTS = 24
"""Enough pages that a round lasts seconds, few enough that seven rounds stay under two minutes."""


def run() -> Iterable[Measurement]:
    """Yield both ratios of statement PDFs."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "connecticard.settings")
    django.setup()
    pages = _statements()
    yield paired(
        "statements, tagged and repaired, against WeasyPrint alone",
        ours=lambda: _render(pages),
        floor=lambda: _render_plain(pages),
        goal=1.6,
    )
    halves = [pages[::2], pages[1::2]]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(_render, [pages[:1], pages[:1]]))
        yield paired(
            "statements in two processes against one",
            ours=lambda: list(pool.map(_render, halves)),
            floor=lambda: _render(pages),
            goal=1.7,
            at_most=False,
            rate=True,
        )


def _statements() -> list[str]:
    from reports.documents import html_of
    from tests.reports.documents import payment_statement

    statement = payment_statement()
    return [
        html_of(replace(statement, library_key=f"CT{number:04}", loans=statement.loans + number))
        for number in range(STATEMENTS)
    ]


def _render(pages: list[str]) -> None:
    from reports.pdf import render_pdf

    for html in pages:
        render_pdf(html, title="Payment statement")


def _render_plain(pages: list[str]) -> None:
    """Make the same pages with the same stylesheet and fonts, without tags and without repair."""
    from reports.pdf import lay_out

    for html in pages:
        lay_out(html).write_pdf()
