"""A document's contents to HTML and PDF."""

from django.conf import settings
from django.template.loader import render_to_string

from reports.charts import charts_of
from reports.contents import AnnualReport, Assessment, DeliveryVolume, Paper
from reports.main_points import points_of
from reports.pdf import render_pdf
from reports.tables import tables_of


def html_of(contents: Paper) -> str:
    """Return the document as a whole page of HTML, laid out for print."""
    return render_to_string(
        contents.template,
        {
            "contents": contents,
            "charts": charts_of(contents),
            "points": points_of(contents),
            "tables": {table.name: table for table in tables_of(contents)}
            if isinstance(contents, AnnualReport | DeliveryVolume)
            else {},
            "made_from": contents.made_from,
            "program_name": settings.PROGRAM_NAME,
        },
    )


def pdf_of(contents: Paper) -> bytes:
    """Return the document as a PDF/UA file; the same contents give the same bytes."""
    return render_pdf(
        html_of(contents),
        title=f"{contents.title} - {settings.PROGRAM_NAME}",
        created=contents.made_from.dated,
        images=contents.images if isinstance(contents, Assessment) else {},
    )
