"""Ask the borrowing program's interface. Needs Python alone; keeps the token in the environment."""

import json
import os
import urllib.error
import urllib.request

ROOT = "https://borrowit.example.org/api/v1/"


class Problem(Exception):
    """A refusal: `told` holds its code, detail, field, cure and errors."""

    def __init__(self, told):
        super().__init__(f"{told['code']}: {told['detail']} {told['cure']}")
        self.told = told


def call(method, path, body=None, *, etag=None, key=None, kind="application/json"):
    """Return what is answered and its ETag. `path` follows ROOT, or is a whole address from an answer."""
    headers = {"Content-Type": kind, "If-Match": etag, "Idempotency-Key": key}
    if token := os.environ.get("TOKEN"):
        headers["Authorization"] = f"Bearer {token}"
    if body is not None and kind == "application/json":
        body = json.dumps(body)
    request = urllib.request.Request(
        path if path.startswith("http") else ROOT + path,
        data=None if body is None else body.encode(),
        headers={name: value for name, value in headers.items() if value},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
            return (json.loads(text) if text else None), answer.headers["ETag"]
    except urllib.error.HTTPError as refusal:
        raise Problem(json.load(refusal)) from None


def pages(path):
    """Yield every row of a list, page after page."""
    while path:
        page, _ = call("GET", path)
        yield from page["results"]
        path = page["next"]
