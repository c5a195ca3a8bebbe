"""Verify a webhook of borrowIT CT: signed in the manner of Standard Webhooks. Python 3.11, nothing else."""

import base64
import hashlib
import hmac
import time

FIVE_MINUTES = 300


def is_genuine(secret: str, headers: dict[str, str], body: bytes, now: float | None = None) -> bool:
    """Tell whether a message was signed with the secret, over these very bytes, and lately."""
    name, sent = headers["webhook-id"], headers["webhook-timestamp"]
    if abs((time.time() if now is None else now) - int(sent)) > FIVE_MINUTES:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{name}.{sent}.".encode() + body, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(signed).decode()
    given = headers["webhook-signature"].split()
    return any(hmac.compare_digest(expected, one) for one in given)
