"""What holds for every route of the REST interface."""

import re
from datetime import date
from urllib.parse import urlsplit

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from redis.exceptions import ConnectionError as CacheIsAway

from connecticard import api_throttling
from connecticard.api_deprecation import Retirement
from connecticard.api_problems import PROBLEMS
from connecticard.api_schema import description, operations, writing_operations
from connecticard.models import Role
from connecticard.models.role_assignment import CONSORTIUM_ROLES, DELIVERY_ROLES, LIBRARY_ROLES
from connecticard.permissions import API_READING, PERMITTED, Scope
from libraries.api import TownViewSet
from tests.api_world import ADDRESSES, TODAY, World, token_of
from tests.factories import (
    make_consortium,
    make_delivery_site,
    make_home_library,
    make_signed_in_client,
    make_town,
    make_user,
)

pytestmark = pytest.mark.django_db
API = "/api/v1/"
PUBLISHED = {route for route, action in API_READING.items() if action is None}


@pytest.fixture(autouse=True)
def _today(settings):
    settings.DEMO_TODAY = TODAY


def addresses(world: World):
    for route, found in ADDRESSES.items():
        for address in found:
            yield route, address.format(statement=world.statement.pk, receipt=world.receipt.number)


# Who may read


def test_every_route_is_in_the_permission_table_and_is_tried():
    described = operations(description())

    assert set(ADDRESSES) == set(API_READING)
    assert sum(len(found) for found in ADDRESSES.values()) == len(described)


def test_nobody_reads_what_is_published_and_nothing_else(world, client):
    for route, address in addresses(world):
        answer = client.get(address)

        assert answer.status_code == (200 if route in PUBLISHED else 401), address
        if answer.status_code == 401:
            assert answer["WWW-Authenticate"] == "Bearer"
            assert answer.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("role", list(Role))
def test_each_role_reads_what_the_table_permits(world, role):
    avon = world.libraries["CT0001"]
    user = make_user(
        role,
        library=avon if role in LIBRARY_ROLES else None,
        consortium=make_consortium(members=(avon,)) if role in CONSORTIUM_ROLES else None,
        delivery_site=make_delivery_site() if role in DELIVERY_ROLES else None,
    )
    by_session, by_token = make_signed_in_client(user=user), Client(headers=token_of(user))
    for route, address in addresses(world):
        action = API_READING[route]
        permitted = action is None or role in PERMITTED[action]

        assert by_session.get(address).status_code == (200 if permitted else 403), address
        assert by_token.get(address).status_code == (200 if permitted else 403), address


def test_person_without_a_role_reads_only_what_is_published(world):
    client = make_signed_in_client()

    for route, address in addresses(world):
        assert client.get(address).status_code == (200 if route in PUBLISHED else 403), address


def test_token_without_the_scope_is_refused(world):
    client = Client(headers=token_of(world.staff, Scope.READ_PUBLISHED))

    refused = client.get(f"{API}filings/")

    assert refused.status_code == 403
    assert refused.json()["code"] == "permission_denied"
    assert client.get(f"{API}payment-runs/2028-1/").status_code == 404


def test_token_that_does_not_work_is_refused_even_where_nobody_is_asked(world, client):
    answer = client.get(f"{API}towns/", headers={"Authorization": "Bearer ctk_unknown"})

    assert answer.status_code == 401
    assert answer.json()["code"] == "authentication_failed"


# Problems


@pytest.mark.parametrize(
    ("address", "status", "code", "field"),
    [
        ("towns/?twon=1", 400, "unknown_parameter", "twon"),
        ("towns/1/?county=Hartford", 400, "unknown_parameter", "county"),
        ("residencies/?town=1&town=2", 400, "repeated_parameter", "town"),
        ("residencies/?town=", 400, "invalid_parameter", "town"),
        ("residencies/?town=Avon", 400, "invalid_parameter", "town"),
        ("residencies/?town=1000", 400, "invalid_parameter", "town"),
        ("residencies/?on=2026-02-30", 400, "invalid_parameter", "on"),
        ("residencies/?on=20260301", 400, "invalid_parameter", "on"),
        ("residencies/?principal=yes", 400, "invalid_parameter", "principal"),
        ("payment-runs/?status=paid", 400, "invalid_parameter", "status"),
        ("libraries/?search=" + "a" * 61, 400, "invalid_parameter", "search"),
        ("towns/?page_size=0", 400, "invalid_parameter", "page_size"),
        ("towns/?page_size=1001", 400, "invalid_parameter", "page_size"),
        ("statistics/use/", 400, "missing_parameter", "fiscal_year"),
        ("towns/?cursor=bm9uc2Vuc2U", 404, "no_such_page", "cursor"),
        ("towns/?cursor=%C3%BC", 404, "no_such_page", "cursor"),
        ("statistics/use/?fiscal_year=2026", 404, "not_found", None),
        ("towns/999/", 404, "not_found", None),
        ("towns/Avon/", 404, "not_found", None),
        ("libraries/CT9999/", 404, "not_found", None),
        ("filing-periods/semiannual-2026-02-30/", 404, "not_found", None),
        ("payment-runs/2027/", 404, "not_found", None),
        ("documents/99999999999999999999/", 404, "not_found", None),
        ("nonsense/", 404, "no_such_route", None),
    ],
)
def test_what_cannot_be_answered_is_a_problem_with_code_field_and_cure(
    client, world, address, status, code, field
):
    answer = client.get(API + address)

    problem = answer.json()
    assert answer.status_code == status == problem["status"]
    assert answer["Content-Type"] == "application/problem+json"
    assert (problem["code"], problem["field"]) == (code, field)
    assert problem["detail"]
    assert problem["cure"]
    assert problem["type"].endswith(f"/api/#{code}")
    assert problem["request_id"] == answer["X-Request-ID"]


def test_every_mistake_is_named(client):
    problem = client.get(f"{API}residencies/?town=x&on=y").json()

    assert [mistake["field"] for mistake in problem["errors"]] == ["town", "on"]


def test_other_methods_are_refused(client):
    answer = client.post(f"{API}towns/", {}, content_type="application/json")

    assert answer.status_code == 405
    assert answer["Allow"] == "GET, HEAD"
    assert answer.json()["code"] == "method_not_allowed"


def test_only_json_is_written(client):
    answer = client.get(f"{API}towns/", headers={"Accept": "text/csv"})

    assert answer.status_code == 406
    assert answer["Content-Type"] == "application/problem+json"


def test_address_without_its_last_stroke_is_sent_on(client):
    assert client.get(f"{API}towns").url == f"{API}towns/"


def test_error_that_nobody_foresaw_is_a_problem(client, monkeypatch):
    client.raise_request_exception = False
    monkeypatch.setattr("libraries.api.TownViewSet.get_queryset", lambda self: 1 / 0)

    answer = client.get(f"{API}towns/")

    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "server_error"


# Pages


def walk(client, address, way):
    pages = []
    while address:
        parts = urlsplit(address)
        page = client.get(f"{parts.path}?{parts.query}").json()
        pages.append(page)
        address = page[way]
    return pages


def test_pages_hold_every_row_once_forward_and_back(world, client):
    for number in (7, 6):  # beside the world's five
        make_town(number=number)

    forward = walk(client, f"{API}towns/?page_size=3", "next")
    last = client.get(forward[1]["next"]).json()
    back = walk(client, last["previous"], "previous")

    numbers = [[row["number"] for row in page["results"]] for page in forward]
    assert numbers == [[1, 2, 3], [4, 5, 6], [7]]
    assert [[row["number"] for row in page["results"]] for page in back] == [[4, 5, 6], [1, 2, 3]]
    assert forward[0]["previous"] is None
    assert back[0]["next"] is not None


def test_row_added_meanwhile_moves_no_other_row(world, client):
    for number in (6, 8, 10):  # beside the world's five
        make_town(number=number)
    first = client.get(f"{API}towns/?page_size=7").json()

    make_town(number=7)
    second = client.get(first["next"]).json()

    assert [row["number"] for row in second["results"]] == [10]


def test_pages_keep_an_order_of_several_columns(world, client):
    whole = client.get(f"{API}residencies/").json()["results"]

    pages = walk(client, f"{API}residencies/?page_size=1", "next")

    assert [page["results"][0] for page in pages] == whole
    assert len(whole) == 4


def test_pages_run_backward_where_the_latest_is_first(world):
    client = make_signed_in_client(user=world.staff)

    pages = walk(client, f"{API}payment-runs/?page_size=1", "next")
    back = walk(client, pages[1]["previous"], "previous")

    assert [page["results"][0]["id"] for page in pages] == ["2028-1", "2027-1"]
    assert [page["results"][0]["id"] for page in back] == ["2028-1"]


# Unchanged answers


def test_answer_that_has_not_changed_is_not_sent_again(client):
    town = make_town(number=100)
    first = client.get(f"{API}towns/100/")

    again = client.get(f"{API}towns/100/", headers={"If-None-Match": first["ETag"]})
    town.population += 1
    town.save()
    changed = client.get(f"{API}towns/100/", headers={"If-None-Match": first["ETag"]})

    assert again.status_code == 304
    assert not again.content
    assert again["ETag"] == first["ETag"]
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_private_answer_is_kept_by_nobody_else(world):
    private = make_signed_in_client(user=world.staff).get(f"{API}filings/")
    public = Client().get(f"{API}towns/")

    assert private["Cache-Control"] == "private, no-cache"
    assert public["Cache-Control"] == "no-cache"
    assert {"Authorization", "Cookie"} <= set(re.split(", *", public["Vary"]))


# Rate


def test_rate_is_stated_and_more_is_refused(client, settings, monkeypatch):
    settings.API_REQUESTS_A_MINUTE = {"anonymous": 2, "library": 5, "state": 5}
    monkeypatch.setattr(api_throttling.time, "time", lambda: 1_800_000_030.0)

    answers = [client.get(f"{API}towns/") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer["RateLimit-Remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[0]["RateLimit-Limit"] == "2"
    assert answers[2]["Retry-After"] == answers[2]["RateLimit-Reset"] == "30"
    assert answers[2].json()["code"] == "rate_limited"


def test_one_who_asks_too_much_keeps_nobody_else_out(client, settings):
    settings.API_REQUESTS_A_MINUTE = {"anonymous": 1, "library": 5, "state": 9}
    person = make_signed_in_client(Role.LIBRARY_FILER, make_home_library())
    staff = make_signed_in_client(Role.STATE_STAFF)

    own = [client.get(f"{API}towns/", REMOTE_ADDR="192.0.2.1").status_code for _ in range(2)]

    assert own == [200, 429]
    assert client.get(f"{API}towns/", REMOTE_ADDR="192.0.2.2").status_code == 200
    assert person.get(f"{API}towns/")["RateLimit-Limit"] == "5"
    assert staff.get(f"{API}towns/")["RateLimit-Limit"] == "9"


def test_refused_and_mistaken_requests_count(client, settings):
    settings.API_REQUESTS_A_MINUTE = {"anonymous": 2, "library": 5, "state": 5}
    wrong = {"Authorization": "Bearer ctk_unknown"}

    answers = [client.get(f"{API}towns/", headers=wrong).status_code for _ in range(3)]

    assert answers == [401, 401, 429]


def test_nobody_is_refused_while_the_cache_is_away(client, settings, monkeypatch):
    class Away:
        def add(self, *args, **kwargs):
            raise CacheIsAway

    settings.API_REQUESTS_A_MINUTE = {"anonymous": 0, "library": 0, "state": 0}
    monkeypatch.setattr(api_throttling, "cache", Away())

    assert client.get(f"{API}towns/").status_code == 200


# Description


def test_description_is_openapi_of_every_route(client):
    answer = client.get(f"{API}schema/")

    described = answer.json()
    assert described["openapi"] == "3.1.0"
    for path, operation in operations(described):
        assert operation["description"], path
        assert {"200", "304", "400", "401", "403", "404", "406", "429"} <= set(operation["responses"])
        assert operation["responses"]["200"]["content"]["application/json"]["example"], path
        assert ({} in operation["security"]) == ("Open to everybody" in operation["description"])
    for method, path, operation in writing_operations(described):
        assert operation["description"], (method, path)
        assert {} not in operation["security"], (method, path)


def test_examples_have_the_fields_that_are_described():
    described = description()
    answered = [
        (path, next(iter(operation["responses"].values())).get("content"))
        for path, methods in described["paths"].items()
        for operation in methods.values()
    ]
    for path, answer in answered:
        if answer is None:
            continue
        content = answer["application/json"]
        schema, example = content["schema"], content["example"]
        if "results" in example:
            schema, example = schema["properties"]["results"]["items"], example["results"][0]
        record = described["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        assert list(example) == list(record["properties"]), path


def test_pages_explain_every_route_and_refusal(client, settings):
    settings.SITE_URL = "https://borrowit.example.org"
    page = client.get("/api/").content.decode()
    names = re.findall(r'href="/api/reference/([a-z-]+)/"', page)
    pages = {name: client.get(f"/api/reference/{name}/").content.decode() for name in names}

    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            heading = f"<code>{method.upper()} {path}</code>"
            assert heading in page
            assert heading in pages[operation["tags"][0]]
            assert f'id="{operation["operationId"]}"' in pages[operation["tags"][0]]
    for code in PROBLEMS:
        assert f'id="{code}"' in page
    assert max(len(text) for text in (page, *pages.values())) < 150_000
    assert client.get("/api/reference/nonsense/").status_code == 404


# What will end


def test_route_that_will_end_says_so_in_its_answers_and_in_the_description(client, monkeypatch, settings):
    monkeypatch.setattr(
        TownViewSet, "retirement", Retirement(date(2027, 9, 1), date(2028, 9, 1), instead="libraries/")
    )

    answer = client.get(f"{API}towns/")
    described = SchemaGenerator().get_schema(request=None, public=True)

    assert answer.status_code == 200
    assert answer["Deprecation"] == "@1819771200"
    assert answer["Sunset"] == "Sat, 02 Sep 2028 04:00:00 GMT"  # to the end of the day by Eastern time
    assert '<http://testserver/api/v1/libraries/>; rel="successor-version"' in answer["Link"]
    assert '<http://testserver/api/#deprecation>; rel="deprecation"' in answer["Link"]
    assert described["paths"]["/api/v1/towns/"]["get"]["deprecated"]
    assert "Deprecation" not in client.get(f"{API}libraries/")


def test_end_is_said_a_year_before():
    with pytest.raises(ValueError, match="a year"):
        Retirement(date(2027, 9, 1), date(2028, 8, 30), instead="libraries/")
