"""The six digits that an authenticator app shows.

Source: RFC 6238 (time steps of 30 seconds) and RFC 4226 (the digits of a step), HMAC-SHA-1.
"""

import base64
import hashlib
import hmac
import secrets

SECONDS_PER_STEP = 30
DIGITS = 6
STEPS_OF_TOLERANCE = 1  # a clock may be half a minute off


def new_secret() -> str:
    """Return a random secret of 160 bits, in base 32 as authenticator apps read it."""
    return base64.b32encode(secrets.token_bytes(20)).decode("ascii")


def step_at(seconds: float) -> int:
    """Return the number of the time step at a moment, given in seconds since 1970."""
    return int(seconds) // SECONDS_PER_STEP


def code_of(secret: str, step: int) -> str:
    """Return the six digits of a step."""
    digest = hmac.new(base64.b32decode(secret, casefold=True), step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_step(secret: str, code: str, seconds: float) -> int | None:
    """Return the step whose code this is: now, the one before or the one after; None where none matches."""
    now = step_at(seconds)
    found = None
    for step in range(now - STEPS_OF_TOLERANCE, now + STEPS_OF_TOLERANCE + 1):
        if hmac.compare_digest(code_of(secret, step).encode(), code.encode()):
            found = step
    return found
