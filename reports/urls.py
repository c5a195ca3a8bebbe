"""Addresses of the front page, the rulebook, the reports and the documents."""

from django.urls import path

from reports.places.flows import Grain
from reports.views import (
    advocacy,
    annual_reports,
    batches,
    boxes,
    corrections,
    editions,
    flows,
    front,
    guide,
    papers,
    places,
    published,
)

app_name = "reports"

_EDITION = "reports/<int:fiscal_year>/edition-<int:number>/"

urlpatterns = [
    path("", front.home, name="home"),
    path("flows/", flows.town_flows, name="flows"),
    path("flows/libraries/", flows.library_flows, name="library_flows"),
    path("flows/towns.csv", flows.flows_csv, {"grain": Grain.TOWN, "table": "flows"}, name="flows_csv"),
    path(
        "flows/libraries.csv",
        flows.flows_csv,
        {"grain": Grain.LIBRARY, "table": "flows"},
        name="library_flows_csv",
    ),
    path("flows/towns-net.csv", flows.flows_csv, {"grain": Grain.TOWN, "table": "net"}, name="flows_net_csv"),
    path(
        "flows/libraries-net.csv",
        flows.flows_csv,
        {"grain": Grain.LIBRARY, "table": "net"},
        name="library_flows_net_csv",
    ),
    path("rulebook/", front.rulebook_page, name="rulebook"),
    path("rulebook/examples/", front.rulebook_examples, name="rulebook_examples"),
    path("key-dates/", guide.key_dates_page, name="key_dates"),
    path("key-dates/key-dates.ics", guide.key_dates_calendar, name="key_dates_calendar"),
    path("find/", guide.finder, name="finder"),
    path("downloads/", guide.downloads, name="downloads"),
    path("feed.atom", guide.feed, name="feed"),
    path("reports/", published.report_list, name="report_list"),
    path(_EDITION + "box.zip", boxes.box_zip, name="box_zip"),
    path("data.json", boxes.data_json, name="data_json"),
    path("reports/<int:fiscal_year>/", annual_reports.report_year, name="report_year"),
    path("reports/<int:fiscal_year>/<slug:kind>/", annual_reports.report_newest, name="report_newest"),
    path(_EDITION + "<slug:kind>/", annual_reports.report_page, name="report_page"),
    path(_EDITION + "<slug:kind>/<slug:table>/", annual_reports.report_table, name="report_table"),
    path(
        _EDITION + "<slug:kind>/<slug:table>.csv",
        annual_reports.report_table_file,
        {"ending": "csv"},
        name="report_table_csv",
    ),
    path(
        _EDITION + "<slug:kind>/<slug:table>.xlsx",
        annual_reports.report_table_file,
        {"ending": "xlsx"},
        name="report_table_xlsx",
    ),
    path("documents/<int:pk>.pdf", published.document_file, {"ending": "pdf"}, name="document_pdf"),
    path("documents/<int:pk>.csv", published.document_file, {"ending": "csv"}, name="document_csv"),
    path("documents/<int:pk>.xlsx", published.document_file, {"ending": "xlsx"}, name="document_xlsx"),
    path("documents/<int:pk>.json", published.document_file, {"ending": "json"}, name="document_json"),
    path("receipts/<str:receipt_number>/receipt.pdf", papers.receipt_pdf, name="receipt_pdf"),
    path("libraries/<slug:key>/", places.library_page, name="library_page"),
    path("libraries/<slug:key>/advocacy/", advocacy.advocacy, name="advocacy"),
    path("libraries/<slug:key>/advocacy.pdf", advocacy.advocacy_pdf, name="advocacy_pdf"),
    path("towns/<int:number>/", places.town_page, name="town_page"),
    path("libraries/<slug:key>/documents/", published.library_documents, name="library_documents"),
    path("payment-runs/<int:pk>/publish/", batches.run_publish, name="run_publish"),
    path("payment-runs/<int:pk>/documents/", batches.run_documents, name="run_documents"),
    path("payment-runs/<int:pk>/documents/make/", batches.documents_make, name="documents_make"),
    path("payment-runs/<int:pk>/order.pdf", papers.order_pdf, name="order_pdf"),
    path("payment-runs/<int:pk>/release-order.pdf", papers.release_order_pdf, name="release_order_pdf"),
    path("board-orders/<int:pk>/order.pdf", papers.recorded_order_pdf, name="recorded_order_pdf"),
    path("document-batches/<int:pk>/progress/", batches.batch_progress, name="batch_progress"),
    path("document-batches/<int:pk>/restart/", batches.batch_restart, name="batch_restart"),
    path("document-batches/<int:pk>/cancel/", batches.batch_cancel, name="batch_cancel"),
    path("payment-runs/<int:pk>/corrections/", corrections.corrections, name="corrections"),
    path("payment-runs/<int:pk>/editions/prepare/", editions.edition_prepare, name="edition_prepare"),
    path("editions/<int:pk>/", editions.edition_page, name="edition_page"),
    path("editions/<int:pk>/review/", editions.edition_review, name="edition_review"),
    path("editions/<int:pk>/certify/", editions.edition_certify, name="edition_certify"),
    path("editions/<int:pk>/publish/", editions.edition_publish, name="edition_publish"),
    path(
        "payment-runs/<int:pk>/corrections/prepare/",
        corrections.correction_prepare,
        name="correction_prepare",
    ),
    path(
        "payment-runs/<int:pk>/corrections/<int:number>/",
        corrections.correction_page,
        name="correction_page",
    ),
    path(
        "payment-runs/<int:pk>/corrections/<int:number>/certify/",
        corrections.correction_certify,
        name="correction_certify",
    ),
]
