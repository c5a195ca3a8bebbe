"""The identifier of the request at hand, and by which way it came; both empty outside a request."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
came_by: ContextVar[str] = ContextVar("came_by", default="")
"""Empty for a page; for the REST interface its name, and the token that was used."""
