"""How many requests a minute the REST interface answers, by role, and how it says so in every answer."""

import logging
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from connecticard.models import ApiToken
from connecticard.models.role_assignment import STATE_ROLES
from connecticard.permissions import assignments

WINDOW = 60
"""Seconds over which requests are counted."""

logger = logging.getLogger(__name__)


class RoleThrottle(BaseThrottle):
    """Counts requests in minutes of the clock: by person or token, and by address for who is not signed in.

    Where the cache cannot be reached nobody is refused.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        kind, who = self._who(request)
        limit = settings.API_REQUESTS_A_MINUTE[kind]
        now = time.time()
        self.resets_in = WINDOW - int(now % WINDOW)
        used = self._count(f"api-rate:{who}:{int(now // WINDOW)}")
        request.rate = (limit, max(limit - used, 0), self.resets_in)
        return used <= limit

    def wait(self) -> float:
        return self.resets_in

    def _who(self, request: Request) -> tuple[str, str]:
        if not request.user.is_authenticated:
            return "anonymous", f"address:{self.get_ident(request)}"
        if isinstance(request.auth, ApiToken):
            roles, who = {request.auth.role_assignment.role}, f"token:{request.auth.pk}"
        else:
            roles = {held.role for held in assignments(request.user)}
            who = f"person:{request.user.pk}"
        return ("state" if roles & STATE_ROLES else "library"), who

    @staticmethod
    def _count(key: str) -> int:
        try:
            cache.add(key, 0, timeout=2 * WINDOW)
            return int(cache.incr(key))
        except (RedisError, ValueError):
            logger.warning("Requests are not counted: the cache does not answer.", exc_info=True)
            return 0


def state_the_rate(request: Request, response: Response) -> None:
    """Write into an answer how many requests are allowed, are left, and when the count begins anew."""
    if rate := getattr(request, "rate", None):
        limit, remaining, resets_in = rate
        response["RateLimit-Limit"] = limit
        response["RateLimit-Remaining"] = remaining
        response["RateLimit-Reset"] = resets_in
