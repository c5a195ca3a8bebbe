"""Bodies of REST requests: read up to a size, strictly, and described by the very schema that reads them."""

import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request

from connecticard.api_problems import PROBLEMS, Mistake, Refused

Json = dict[str, Any]
JSON_KIND, CSV_KIND = "application/json", "text/csv"
MOST_MISTAKES = 100
_CHUNK = 65_536

# Parts of schemas that bodies share. PostgreSQL keeps no NUL in a text.
_BLANKS = r"\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_SAYS_SOMETHING = rf"^[^\u0000]*[^{_BLANKS}][^\u0000]*$"


def an_object(properties: Mapping[str, Json], *, optional: Sequence[str] = ()) -> Json:
    """Return the schema of an object with these fields and no others; `optional` ones may be left out."""
    required = [name for name in properties if name not in optional]
    made: Json = {"type": "object", "additionalProperties": False, "properties": dict(properties)}
    return made | ({"required": required} if required else {})


def a_list(items: Json, *, most: int, least: int = 0, description: str = "") -> Json:
    """Return the schema of a list of at most so many items."""
    return {"type": "array", "items": items, "minItems": least, "maxItems": most, "description": description}


def a_text(description: str, *, most: int = 2000, may_be_empty: bool = False) -> Json:
    """Return the schema of a text; at least one character can be seen unless it may be empty."""
    if may_be_empty:
        return {
            "type": "string",
            "maxLength": most,
            "pattern": r"^[^\u0000]*$",
            "description": description,
        }
    return {
        "type": "string",
        "minLength": 1,
        "maxLength": most,
        "pattern": _SAYS_SOMETHING,
        "description": description,
    }


def a_key(description: str, *, example: str) -> Json:
    """Return the schema of a key such as that of a library."""
    return {
        "type": "string",
        "pattern": "^[A-Za-z0-9_.-]{1,60}$",
        "description": description,
        "examples": [example],
    }


def one_of(words: Sequence[str], description: str) -> Json:
    """Return the schema of one of a few words."""
    return {"type": "string", "enum": list(words), "description": description}


def or_null(schema: Json) -> Json:
    """Return the schema of a value that may also be null."""
    made = schema | {"type": [schema["type"], "null"]}
    return made | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})


@dataclass(frozen=True)
class JsonBody:
    """A body of JSON: the schema that it is held to, and one that is right."""

    schema: Json
    example: Any


@dataclass(frozen=True)
class CsvBody:
    """A body of CSV in UTF-8: what it says in words, one that is right, and what reads its lines.

    `read` is given the lines as they arrive, so that a long body takes no more memory than a short one, and
    the request. It raises Refused with every bad line.
    """

    description: str
    example: str
    read: Callable[[Iterator[str], Request], Any]


# Reading


class SentBody(io.RawIOBase):
    """The body of a request as it arrives; `sha256` is of what was read. Refused beyond `largest` bytes."""

    def __init__(self, request: Request, largest: int):
        super().__init__()
        self._stream, self._left, self._largest = request._request, largest, largest
        self.sha256 = hashlib.sha256()
        length = request.META.get("CONTENT_LENGTH") or ""
        if length.isdecimal() and int(length) > largest:
            raise too_large(largest)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        sent = self._stream.read(len(buffer))
        self._left -= len(sent)
        if self._left < 0:
            raise too_large(self._largest)
        self.sha256.update(sent)
        buffer[: len(sent)] = sent
        return len(sent)

    def lines(self) -> Iterator[str]:
        """Return the lines as text, as they arrive. Refused where they are not UTF-8."""
        text = io.TextIOWrapper(io.BufferedReader(self, _CHUNK), encoding="utf-8-sig", newline="")
        try:
            yield from text
        except UnicodeDecodeError:
            detail = "The body is not UTF-8."
            raise Refused([Mistake("parse_error", None, detail, "Send CSV in UTF-8.")]) from None


def too_large(largest: int) -> Refused:
    """Return the refusal of a body that is larger than the route takes."""
    detail = f"The body is larger than {largest:,} bytes."
    return Refused([Mistake("body_too_large", None, detail, PROBLEMS["body_too_large"][1])], 413)


def kind_of(request: Request, known: Sequence[str]) -> str:
    """Return the media type of a body; UnsupportedMediaType where it is none of those that are read."""
    sent = (request.content_type or "").partition(";")
    kind = sent[0].strip().lower()
    charset = re.search(r"charset\s*=\s*\"?([^\";\s]+)", sent[2], re.IGNORECASE)
    if kind not in known or (charset and charset[1].lower() not in ("utf-8", "utf8")):
        cure = f"Send {' or '.join(known)} in UTF-8."
        raise UnsupportedMediaType(request.content_type or "nothing", f"This is not read here. {cure}")
    return kind


def read_nothing(sent: SentBody) -> None:
    """Read a body where none is wanted: nothing, or an object without fields."""
    content = sent.readall()
    if content.strip() not in (b"", b"{}"):
        detail = "This request takes no body."
        raise Refused([Mistake("unknown_field", None, detail, "Leave the body out.")])


def read_json(sent: SentBody, schema: Json) -> Any:
    """Return what a body of JSON says. Refused with every mistake where it is not as the schema wants it."""
    content = sent.readall()
    if not content.strip():
        raise Refused([Mistake("missing_body", None, "The body is missing.", "Send the body as JSON.")])
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        detail = f"The body is not JSON: {error}."
        raise Refused([Mistake("parse_error", None, detail, PROBLEMS["parse_error"][1])]) from None
    if found := mistakes(value, schema):
        raise Refused(found)
    return value


# What is wrong with a value


def _matches(validator: Any, pattern: str, instance: Any, schema: Json) -> Iterator[ValidationError]:
    """Hold a text to a pattern from its first character to its last; Python's `$` lets a line end pass."""
    if isinstance(instance, str) and not re.fullmatch(pattern.removeprefix("^").removesuffix("$"), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


_Validator = extend(Draft202012Validator, {"pattern": _matches})


def mistakes(value: Any, schema: Json) -> list[Mistake]:
    """Return what is wrong with a value by its schema, each with a pointer to its place (RFC 6901)."""
    errors: Iterator[ValidationError] = _Validator(schema, format_checker=FormatChecker()).iter_errors(value)
    found: dict[tuple[str, str | None], Mistake] = {}
    for error in errors:
        for mistake in _of(error):
            found.setdefault((mistake.code, mistake.field), mistake)
        if len(found) >= MOST_MISTAKES:
            break
    return list(found.values())[:MOST_MISTAKES]


def pointer(*parts: str | int) -> str | None:
    """Return the pointer to a place in a body (RFC 6901); None for the whole."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts) or None


def _of(error: ValidationError) -> Iterator[Mistake]:
    path = tuple(error.absolute_path)
    place = pointer(*path)
    what = place or "The body"
    if error.validator == "required":
        for name in (name for name in error.validator_value if name not in error.instance):
            wanted = _wanted(error.schema["properties"][name])
            detail = f"{pointer(*path, name)} is missing."
            yield Mistake("missing_field", pointer(*path, name), detail, f"Add it: {wanted}")
    elif error.validator == "additionalProperties":
        known = ", ".join(error.schema["properties"]) or "none"
        for name in sorted(set(error.instance) - set(error.schema["properties"])):
            detail = f"There is no field {name!r}."
            yield Mistake("unknown_field", pointer(*path, name), detail, f"Leave it out. Fields: {known}.")
    elif error.validator in ("minItems", "maxItems", "minProperties"):
        detail = f"{what} has {len(error.instance)} entries."
        few = error.validator != "maxItems"
        cure = f"Give at {'least' if few else 'most'} {error.validator_value}."
        yield Mistake("invalid_field", place, detail, cure)
    else:
        shown = orjson.dumps(error.instance).decode()
        shown = shown if len(shown) <= 60 else f"{shown[:60]}…"
        yield Mistake("invalid_field", place, f"{what} is {shown}.", _wanted(error.schema))


def _wanted(schema: Any) -> str:
    """Say in words which values a schema takes."""
    kinds = schema["type"]
    kinds = kinds if isinstance(kinds, list) else [kinds]
    words = " or ".join(_KINDS[kind] for kind in kinds)
    if "enum" in schema:
        words = "one of " + ", ".join("null" if word is None else word for word in schema["enum"])
    elif "minimum" in schema and "maximum" in schema:
        words += f" from {schema['minimum']} to {schema['maximum']}"
    elif "maxLength" in schema:
        words += f" of at most {schema['maxLength']} characters"
    said = str(schema.get("description", "")).strip()
    return f"{words}. {said}".strip()


_KINDS = {
    "string": "a text",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
