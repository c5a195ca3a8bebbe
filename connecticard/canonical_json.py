"""One spelling of a value as bytes, so that the same facts have the same SHA-256 on any machine."""

import hashlib
import json
from typing import Any


def canonical_json(value: Any) -> bytes:
    """Return value as UTF-8 JSON with sorted keys and no spaces.

    Floats are refused: a count or an amount that reaches a hash must be an integer or a string.
    """
    _refuse_floats(value)
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def sha256_of(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of value, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("a float has no canonical spelling; use an integer or a string")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"a key must be a string, not {key!r}")
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)
