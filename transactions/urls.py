"""Addresses of the pages by which libraries file."""

from django.urls import path

from transactions.views import (
    calendar,
    cells,
    certification,
    checking,
    consortium,
    entry,
    history,
    lists,
    receipts,
    uploads,
    waivers,
)

app_name = "transactions"

urlpatterns = [
    path("filings/", lists.filing_list, name="filing_list"),
    path("filings/of/<slug:key>/", lists.library_filings, name="library_filings"),
    path("filings/of/<slug:key>/begin/", lists.filing_begin, name="filing_begin"),
    path("filings/of/<slug:key>/cadence/", calendar.cadence, name="cadence"),
    path("filings/of/<slug:key>/cadence/withdraw/", calendar.cadence_withdraw, name="cadence_withdraw"),
    path("filings/of/<slug:key>/waiver/<int:period_pk>/", waivers.waiver_propose, name="waiver_propose"),
    path("filings/<int:pk>/", certification.filing, name="filing"),
    path("filings/<int:pk>/enter/", entry.filing_entry, name="filing_entry"),
    path("filings/<int:pk>/cells/", cells.filing_cells, name="filing_cells"),
    path("filings/<int:pk>/history/<int:library_pk>/", history.filing_history, name="filing_history"),
    path("filings/<int:pk>/blank-form/", entry.filing_blank_form, name="filing_blank_form"),
    path("filings/<int:pk>/basis/", entry.filing_basis, name="filing_basis"),
    path("filings/<int:pk>/upload/", uploads.filing_upload, name="filing_upload"),
    path("filings/<int:pk>/template/", uploads.filing_template, name="filing_template"),
    path("filings/<int:pk>/counts.csv", uploads.filing_csv, name="filing_csv"),
    path("filings/of/<slug:key>/labels/", uploads.label_list, name="label_list"),
    path("filings/of/<slug:key>/labels/<int:pk>/forget/", uploads.label_forget, name="label_forget"),
    path("help/recipes/", uploads.recipes, name="recipes"),
    path("filings/<int:pk>/check/", checking.filing_check, name="filing_check"),
    path("filings/<int:pk>/check/list.csv", checking.filing_findings, name="filing_findings"),
    path("filings/<int:pk>/certify/", certification.filing_certify, name="filing_certify"),
    path("filings/<int:pk>/return/", certification.filing_return, name="filing_return"),
    path("filings/<int:pk>/amend/", certification.filing_amend, name="filing_amend"),
    path("filings/<int:pk>/undo/", certification.filing_undo, name="filing_undo"),
    path("receipts/", receipts.receipt_check, name="receipt_check"),
    path("receipts/<str:receipt_number>/", receipts.receipt, name="receipt"),
    path("receipts/<str:receipt_number>/counts.json", receipts.receipt_counts, name="receipt_counts"),
    path("consortia/", consortium.consortium_list, name="consortium_list"),
    path("consortia/<int:pk>/", consortium.consortium_page, name="consortium_page"),
    path("consortia/<int:pk>/upload/", consortium.consortium_upload, name="consortium_upload"),
    path("holidays/", calendar.holiday_list, name="holiday_list"),
    path("holidays/<int:pk>/remove/", calendar.holiday_remove, name="holiday_remove"),
    path("periods/", calendar.period_list, name="period_list"),
    path("periods/<int:pk>/", calendar.period_page, name="period_page"),
    path("periods/<int:pk>/waivers/", waivers.waivers_propose, name="waivers_propose"),
    path("waivers/", waivers.waiver_list, name="waiver_list"),
    path("waivers/<int:pk>/approve/", waivers.waiver_approve, name="waiver_approve"),
]
