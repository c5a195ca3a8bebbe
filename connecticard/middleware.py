"""What happens around every request."""

from uuid import uuid4

from connecticard.request_id import request_id


class RequestIdMiddleware:
    """Give each request an identifier that its audit events and its answer carry."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        token = request_id.set(uuid4().hex)
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            return response
        finally:
            request_id.reset(token)
