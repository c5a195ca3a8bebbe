"""Every address of the site, tried by nobody and by everybody: closed unless it was opened on purpose."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from connecticard.models import Role
from connecticard.models.role_assignment import CONSORTIUM_ROLES, DELIVERY_ROLES, LIBRARY_ROLES
from connecticard.permissions import PERMITTED
from tests.factories import make_consortium, make_delivery_site, make_library, make_signed_in_client

pytestmark = pytest.mark.django_db

# What anybody may open. An address that is not here asks for a sign-in.
PUBLIC = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "connecticard:accept_invitation",
    "connecticard:webhook_reference",
    "help:glossary",
    "help:of_page",
    "help:handbook",
    "help:index",
    "help:page",
    "help:search",
    "libraries:library_list",
    "reports:library_page",
    "libraries:town_list",
    "reports:town_page",
    "payments:what_if",
    "payments:what_if_csv",
    "payments:what_if_xlsx",
    "transactions:recipes",
    "transactions:paper",
    "transactions:paper_card",
    "transactions:paper_card_check",
    "transactions:paper_local_card",
    "transactions:paper_notice",
    "transactions:paper_return_slip",
    "transactions:paper_routing_slips",
    "transactions:harvest_specification",
    "transactions:harvest_schema",
    "payments:trend_state",
    "payments:trend_state_csv",
    "payments:trend_library",
    "payments:trend_library_loans_csv",
    "payments:trend_library_payments_csv",
    "payments:trend_town",
    "payments:trend_town_csv",
    "reports:advocacy",
    "reports:advocacy_pdf",
    "reports:delivery_volume",
    "reports:delivery_volume_csv",
    "reports:delivery_volume_newest",
    "reports:delivery_volume_pdf",
    "reports:delivery_volume_xlsx",
    "reports:flows",
    "reports:flows_csv",
    "reports:flows_net_csv",
    "reports:library_flows",
    "reports:library_flows_csv",
    "reports:library_flows_net_csv",
    "reports:box_zip",
    "reports:data_json",
    "reports:home",
    "reports:downloads",
    "reports:feed",
    "reports:finder",
    "reports:key_dates",
    "reports:key_dates_calendar",
    "reports:rulebook",
    "reports:rulebook_examples",
    "reports:rulebook_functions",
    "reports:report_list",
    "payments:library_payments",
    "payments:payment_line",
    "payments:payment_of_year",
    "payments:payment_partners_csv",
    "reports:library_documents",
    "reports:document_pdf",
    "reports:document_csv",
    "reports:document_xlsx",
    "reports:document_json",
    "reports:report_year",
    "reports:report_newest",
    "reports:report_page",
    "reports:report_table",
    "reports:report_table_csv",
    "reports:report_table_xlsx",
    "payments:recompute_script",
    "payments:run_files",
    "payments:run_inputs",
    "payments:run_manifest",
    "payments:run_payments",
    "payments:run_proof",
    "transactions:desk",
    "transactions:desk_question",
    "transactions:receipt_check",
    "transactions:receipt",
    "api:reference",
    "api:resource",
    "api:schema",
    "api:no_such_route",
    "api:towns-list",
    "api:towns-detail",
    "api:libraries-list",
    "api:libraries-detail",
    "api:residencies-list",
    "api:filing-periods-list",
    "api:filing-periods-detail",
    "api:payment-runs-list",
    "api:payment-runs-detail",
    "api:payments-list",
    "api:payments-detail",
    "api:what-if-list",
    "api:desk-list",
    "api:desk-card-list",
    "api:desk-loan-list",
    "api:desk-cards-list",
    "api:desk-lending-list",
    "api:desk-return-list",
    "api:desk-fine-list",
    "api:desk-account-list",
    "api:documents-list",
    "api:documents-detail",
    "api:editions-list",
    "api:editions-detail",
    "api:statistics-use-list",
    "api:statistics-flows-list",
    "api:statistics-history-list",
}
EXAMPLES = {
    "app_label": "libraries",
    "pk": "999999",
    "token": "unknown",
    "uidb36": "1",
    "key": "set-password",
    "resource": "filings",
    "question": "card",
}


def addresses(
    resolver: URLResolver | None = None, path: str = "/", space: str = ""
) -> Iterator[tuple[str, str, URLPattern]]:
    """Yield name, address with an example in each variable part, and pattern of all that the site answers."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = str(entry.pattern).lstrip("^").rstrip("$")
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from addresses(entry, path + route, inner)
        else:
            yield f"{space}{entry.name}", path + _filled(route), entry


def _filled(route: str) -> str:
    route = re.sub(r"\(\?P<(\w+)>[^()]*(?:\([^()]*\)[^()]*)*\)", lambda found: _example(found[1]), route)
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: _example(found[1]), route).replace("\\", "")


def _example(name: str) -> str:
    return EXAMPLES.get(name, "1")


def client_of(role: Role):
    return make_signed_in_client(
        role,
        make_library() if role in LIBRARY_ROLES else None,
        consortium=make_consortium() if role in CONSORTIUM_ROLES else None,
        delivery_site=make_delivery_site() if role in DELIVERY_ROLES else None,
    )


def test_addresses_are_found():
    names = [name for name, _, _ in addresses()]

    assert "connecticard:audit" in names
    assert names.count("account_login") == 1
    assert set(names) >= PUBLIC


def test_nobody_reaches_only_what_is_public(client):
    opened = set()
    for name, address, pattern in addresses():
        answer = client.get(address)
        asked = answer.status_code in (401, 403) or (
            answer.status_code == 302 and answer.url.startswith("/account/login/")
        )
        if not asked and answer.status_code != 405:  # nothing is read there
            opened.add(name)
        assert answer.status_code < 500, address
        on_purpose = getattr(pattern.callback, "login_required", True) is False
        if not on_purpose or getattr(pattern.callback, "required_action", None):
            assert asked, f"{address} is not opened, and answers {answer.status_code} to nobody"

    assert opened == PUBLIC


@pytest.mark.parametrize("role", list(Role))
def test_each_role_reaches_what_the_table_permits(role):
    client = client_of(role)
    for name, address, pattern in addresses():
        action = getattr(pattern.callback, "required_action", None)
        if name in ("account_logout", "connecticard:sign_out_everywhere"):
            continue

        answer = client.get(address)

        assert answer.status_code < 500, address
        if action is not None and answer.status_code != 405:
            refused = answer.status_code == 403
            assert refused == (role not in PERMITTED[action]), f"{role} at {address}: {answer.status_code}"


def test_writes_are_closed_to_other_sites():
    """CSRF protection is on for every address that changes something."""
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(
        client_of(Role.STATE_ADMINISTRATOR).user,
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )

    assert strict.post("/people/invite/", {"email": "a@example.org"}).status_code == 403
