"""What every route of the REST interface has in common: who may read, how, and when nothing has changed."""

import hashlib
from collections.abc import Mapping
from typing import Any, NoReturn

from django.conf import settings
from django.db.models import Expression, Q, QuerySet
from django.http import StreamingHttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from rest_framework.exceptions import APIException, NotFound
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import Route, SimpleRouter
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet, ViewSetMixin

from connecticard import permissions
from connecticard.api_deprecation import Retirement
from connecticard.api_filters import Parameters, refuse_unknown
from connecticard.api_paging import PARAMETERS, Paging
from connecticard.api_problems import Mistake, Refused
from connecticard.api_rendering import API_ROOT, CSVRenderer, JSONRenderer, Record, csv_blocks, rows
from connecticard.api_throttling import state_the_rate
from connecticard.models import ApiToken
from connecticard.request_id import came_by


class ByTheTable(BasePermission):
    """Opens a route to whom `permissions.API_READING` and `API_WRITING` name; what they lack stays closed."""

    def has_permission(self, request: Request, view: Any) -> bool:
        method = view.action_map.get(str(request.method).lower())
        if method is None:
            return True  # the route has no such method: the answer is 405
        if write := getattr(getattr(view, method), "write", None):
            writing = permissions.API_WRITING.get(write.operation)
            return writing is not None and permissions.may(request.user, writing)
        if view.resource not in permissions.API_READING:
            return False
        action = permissions.API_READING[view.resource]
        return action is None or permissions.may(request.user, action)


class ApiView(APIView):
    """A route: counts requests by role, states the rate, and says when an answer has not changed."""

    resource = ""
    retirement: Retirement | None = None
    """When the route ends, where that was said."""
    http_method_names = ["get", "head"]
    permission_classes = [ByTheTable]

    def perform_authentication(self, request: Request) -> None:
        """Find out who asks, and count the request: those who are refused here as well."""
        try:
            super().perform_authentication(request)
        except APIException:
            super().check_throttles(request)
            raise
        permissions.read_roles_once(request.user)
        came_by.set(f"REST, token “{request.auth}”" if isinstance(request.auth, ApiToken) else "REST")
        super().check_throttles(request)

    def check_throttles(self, request: Request) -> None:
        """Done already, before anybody was refused."""

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        state_the_rate(request, response)
        if self.retirement is not None:
            root = request.build_absolute_uri(API_ROOT)
            policy = request.build_absolute_uri("/api/#deprecation")
            for name, value in self.retirement.headers(root, policy).items():
                response[name] = value
        patch_vary_headers(response, ["Accept", "Authorization", "Cookie"])
        reads = request.method in ("GET", "HEAD")
        if reads and response.status_code == 200:
            response["Cache-Control"] = "private, no-cache" if request.user.is_authenticated else "no-cache"
        if reads and isinstance(response, Response) and response.status_code == 200:
            response.add_post_render_callback(lambda rendered: _unless_unchanged(request, rendered))
        return response


def _unless_unchanged(request: Request, response: Response) -> Any:
    """Give an answer its ETag, or 304 in its place where the client holds it already."""
    etag = response.get("ETag") or _etag(response.content)
    response["ETag"] = etag
    conditional = get_conditional_response(request._request, etag=etag, response=response)
    if conditional is not response and conditional is not None:
        for name in ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"):
            if name in response:
                conditional[name] = response[name]
    return conditional


def _etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def etag_of(row: Mapping[str, Any]) -> str:
    """Return the ETag under which a record, read by itself, is answered."""
    return _etag(JSONRenderer().render(row))


class ListViewSet(ApiView, GenericViewSet):
    """Records to be read in pages.

    A route names its `resource` of the permission table, its rows, their `serializer_class`, which is a
    `Record`, its `paging` and the parameters of its list.
    """

    serializer_class: type[Record]
    filterset_class: type[Parameters] = Parameters
    paging: Paging
    path_examples: Mapping[str, str] = {}
    """An example of each part of the address that names another record."""
    csv = ""
    """What the list as CSV is, in words; empty where it is not to be had as one."""
    csv_instead: Mapping[str, Expression] = {}
    """By field, what stands in the CSV in place of its column."""

    def get_renderers(self) -> list[BaseRenderer]:
        """Return the forms of the answer: JSON, and CSV where the list is to be had as one."""
        reads = self.request is not None and self.request.method in ("GET", "HEAD")
        return [*super().get_renderers(), *([CSVRenderer()] if self.csv and reads else [])]

    def list(self, request: Request, **parts: str) -> Response | StreamingHttpResponse:
        """Return one page; as CSV the whole list."""
        if request.accepted_renderer.format == CSVRenderer.format:
            return self._whole(request)
        refuse_unknown(request.query_params, {*PARAMETERS, *self.filterset_class.base_filters})
        chosen = self.parameters.apply(self.get_queryset())
        return Response(self.paging.page(request, chosen, self.record))

    def _whole(self, request: Request) -> StreamingHttpResponse:
        """Return the whole list as CSV, streamed."""
        refuse_unknown(request.query_params, self.filterset_class.base_filters)
        chosen = self.parameters.apply(self.get_queryset()).order_by(*self.paging.order)
        return StreamingHttpResponse(
            csv_blocks(chosen, self.record, **self.csv_instead), content_type="text/csv; charset=utf-8"
        )

    @property
    def parameters(self) -> Parameters:
        """The query parameters as given."""
        given = {
            name: value
            for name, value in self.request.query_params.items()
            if name in self.filterset_class.base_filters
        }
        return self.filterset_class(given, queryset=QuerySet(), request=self.request)

    @property
    def record(self) -> Record:
        """What a row looks like, with links to this host."""
        return self.serializer_class(context={"root": self.request.build_absolute_uri(API_ROOT)})


class ReadViewSet(ListViewSet):
    """Records to be read in pages and each by itself, under a key that `lookup_url_kwarg` names.

    `detail_class` describes a record read by itself where that says more than a row of the list.
    """

    key_example = ""
    detail_class: type[Record] | None = None

    def retrieve(self, request: Request, **parts: str) -> Response:
        """Return one record; NotFound where there is none for this person."""
        refuse_unknown(request.query_params, ())
        key = parts[self.lookup_url_kwarg]
        condition = self.named(key)
        found = (
            rows(self.get_queryset().filter(condition)[:1], self.record)[0] if condition is not None else []
        )
        if not found:
            raise NotFound(f"There is no {self.lookup_url_kwarg} {key!r} that you may see.")
        return Response(found[0])

    def named(self, key: str) -> Q | None:
        """Return the condition for the row that a key names; None where no row can have such a key."""
        return None if "\0" in key else Q(**{self.lookup_url_kwarg: key})


class OneViewSet(ViewSetMixin, ApiView):
    """A route at which there is one record and no list; `list` returns it."""

    serializer_class: type[Record]
    path_examples: Mapping[str, str] = {}


class Router(SimpleRouter):
    """Gives each route its methods: those of a list, and those of a record by itself."""

    routes = [
        Route(
            url="^{prefix}{trailing_slash}$",
            mapping={
                "get": "list",
                "post": "create",
                "put": "replace",
                "patch": "change",
                "delete": "clear",
            },
            name="{basename}-list",
            detail=False,
            initkwargs={"suffix": "List"},
        ),
        Route(
            url="^{prefix}/{lookup}{trailing_slash}$",
            mapping={"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"},
            name="{basename}-detail",
            detail=True,
            initkwargs={"suffix": "Instance"},
        ),
    ]

    def __init__(self) -> None:
        super().__init__(use_regex_path=False)


class NoSuchRoute(ApiView):
    """Whatever else is asked for under the root of the interface."""

    permission_classes = [AllowAny]
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        super().initial(request, *args, **kwargs)
        cure = f"Choose a route from {settings.SITE_URL}/api/."
        detail = f"There is no route {request.path}."
        raise Refused([Mistake("no_such_route", None, detail, cure)], 404)
