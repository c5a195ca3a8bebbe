"""What happens around every request."""

from collections.abc import Callable
from uuid import uuid4

from django.http import HttpRequest, HttpResponse

from connecticard.request_id import request_id


class RequestIdMiddleware:
    """Give each request an identifier that its audit events and its answer carry."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = request_id.set(uuid4().hex)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            return response
        finally:
            request_id.reset(token)
