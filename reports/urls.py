"""Addresses of the front page, the rulebook, the reports and the documents."""

from django.urls import path

from reports import correction_views, views

app_name = "reports"

urlpatterns = [
    path("", views.home, name="home"),
    path("rulebook/", views.rulebook_page, name="rulebook"),
    path("reports/", views.report_list, name="report_list"),
    path("documents/<int:pk>.pdf", views.document_file, {"ending": "pdf"}, name="document_pdf"),
    path("documents/<int:pk>.csv", views.document_file, {"ending": "csv"}, name="document_csv"),
    path("receipts/<str:receipt_number>/receipt.pdf", views.receipt_pdf, name="receipt_pdf"),
    path("libraries/<slug:key>/documents/", views.library_documents, name="library_documents"),
    path("payment-runs/<int:pk>/publish/", views.run_publish, name="run_publish"),
    path("payment-runs/<int:pk>/documents/", views.run_documents, name="run_documents"),
    path("payment-runs/<int:pk>/documents/make/", views.documents_make, name="documents_make"),
    path("payment-runs/<int:pk>/order.pdf", views.order_pdf, name="order_pdf"),
    path("payment-runs/<int:pk>/release-order.pdf", views.release_order_pdf, name="release_order_pdf"),
    path("board-orders/<int:pk>/order.pdf", views.recorded_order_pdf, name="recorded_order_pdf"),
    path("document-batches/<int:pk>/progress/", views.batch_progress, name="batch_progress"),
    path("document-batches/<int:pk>/restart/", views.batch_restart, name="batch_restart"),
    path("payment-runs/<int:pk>/corrections/", correction_views.corrections, name="corrections"),
    path(
        "payment-runs/<int:pk>/corrections/prepare/",
        correction_views.correction_prepare,
        name="correction_prepare",
    ),
    path(
        "payment-runs/<int:pk>/corrections/<int:number>/",
        correction_views.correction_page,
        name="correction_page",
    ),
    path(
        "payment-runs/<int:pk>/corrections/<int:number>/certify/",
        correction_views.correction_certify,
        name="correction_certify",
    ),
]
