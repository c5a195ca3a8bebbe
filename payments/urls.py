"""Addresses of the pages about money, and of the pages on which people begin."""

from django.urls import path

from payments.views import (
    appropriations,
    contacts,
    expenditure_reports,
    home,
    mail,
    proof,
    runs,
    state_reports,
    trends,
    withheld,
    work_list,
)

app_name = "payments"

_REPORT = "libraries/<slug:key>/expenditure-reports/<int:fiscal_year>/"

urlpatterns = [
    path("my-libraries/", home.my_libraries, name="my_libraries"),
    path("libraries/<slug:key>/home/", home.library_home, name="library_home"),
    path("libraries/<slug:key>/contacts/", contacts.contact_log, name="contact_log"),
    path("libraries/<slug:key>/remind/", work_list.remind_library, name="remind_library"),
    path("trends/", trends.trend_state, name="trend_state"),
    path("trends/figures.csv", trends.trend_state_csv, name="trend_state_csv"),
    path("libraries/<slug:key>/trend/", trends.trend_library, name="trend_library"),
    path(
        "libraries/<slug:key>/trend/loans.csv",
        trends.trend_library_csv,
        {"table": "loans"},
        name="trend_library_loans_csv",
    ),
    path(
        "libraries/<slug:key>/trend/payments.csv",
        trends.trend_library_csv,
        {"table": "payments"},
        name="trend_library_payments_csv",
    ),
    path("towns/<int:number>/trend/", trends.trend_town, name="trend_town"),
    path("towns/<int:number>/trend/figures.csv", trends.trend_town_csv, name="trend_town_csv"),
    path("work/", work_list.work_list, name="work_list"),
    path("work/list.csv", work_list.work_list_csv, name="work_list_csv"),
    path("work/list.xlsx", work_list.work_list_xlsx, name="work_list_xlsx"),
    path("work/remind/", work_list.work_remind, name="work_remind"),
    path("mail/", mail.mail, name="mail"),
    path("mail/reminders/", mail.reminder_schedule, name="reminder_schedule"),
    path("mail/<int:pk>/", mail.message, name="message"),
    path("mail/<int:pk>/send-again/", mail.message_send_again, name="message_send_again"),
    path("expenditure-reports/", state_reports.expenditure_report_list, name="expenditure_report_list"),
    path(
        "expenditure-reports/<int:fiscal_year>/",
        state_reports.expenditure_report_list,
        name="expenditure_report_year",
    ),
    path(_REPORT, expenditure_reports.expenditure_report, name="expenditure_report"),
    path(f"{_REPORT}enter/", expenditure_reports.expenditure_enter, name="expenditure_enter"),
    path(f"{_REPORT}sum/", expenditure_reports.expenditure_sum, name="expenditure_sum"),
    path(f"{_REPORT}certify/", expenditure_reports.expenditure_certify, name="expenditure_certify"),
    path(f"{_REPORT}return/", expenditure_reports.expenditure_return, name="expenditure_return"),
    path(f"{_REPORT}reopen/", expenditure_reports.expenditure_reopen, name="expenditure_reopen"),
    path(f"{_REPORT}take-back/", expenditure_reports.expenditure_discard, name="expenditure_discard"),
    path(f"{_REPORT}received/", state_reports.money_received, name="money_received"),
    path(f"{_REPORT}waiver/", state_reports.waiver_propose, name="expenditure_waiver_propose"),
    path(
        "expenditure-waivers/<int:pk>/settle/", state_reports.waiver_settle, name="expenditure_waiver_settle"
    ),
    path("appropriations/", appropriations.appropriation_list, name="appropriation_list"),
    path("appropriations/record/", appropriations.appropriation_record, name="appropriation_record"),
    path(
        "appropriations/<int:fiscal_year>/change/",
        appropriations.appropriation_change,
        name="appropriation_change",
    ),
    path("payment-runs/", runs.run_list, name="run_list"),
    path("payment-runs/new/", runs.run_create, name="run_create"),
    path("payment-runs/<int:pk>/", runs.run_page, name="run_page"),
    path("payment-runs/<int:pk>/calculate/", runs.run_calculate, name="run_calculate"),
    path("payment-runs/<int:pk>/certify/", runs.run_certify, name="run_certify"),
    path("payment-runs/<int:pk>/void/", runs.run_void, name="run_void"),
    path("payment-runs/<int:pk>/proof/", proof.run_proof, name="run_proof"),
    path("payment-runs/<int:pk>/proof/inputs.csv", proof.inputs_file, name="run_inputs"),
    path("payment-runs/<int:pk>/proof/payments.csv", proof.payments_file, name="run_payments"),
    path("payment-runs/<int:pk>/proof/manifest.json", proof.manifest_file, name="run_manifest"),
    path("payment-runs/<int:pk>/proof/files.zip", proof.zip_file, name="run_files"),
    path("recompute_payments.py", proof.script_file, name="recompute_script"),
    path("payment-runs/<int:pk>/verify/", proof.run_verify, name="run_verify"),
    path("payment-runs/<int:pk>/lines/<slug:key>/", runs.payment_line, name="payment_line"),
    path("payment-runs/<int:pk>/withheld/", withheld.withheld_page, name="withheld"),
    path("payment-runs/<int:pk>/withheld/cutoff/", withheld.cutoff_record, name="withheld_cutoff"),
    path("payment-runs/<int:pk>/withheld/lapses/", withheld.lapses_record, name="withheld_lapses"),
    path(
        "payment-runs/<int:pk>/withheld/<slug:key>/release/",
        withheld.release_record,
        name="withheld_release",
    ),
    path("withheld-releases/<int:pk>/approve/", withheld.release_approve, name="release_approve"),
    path("withheld-releases/<int:pk>/decline/", withheld.release_decline, name="release_decline"),
]
