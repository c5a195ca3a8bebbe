"""What the pages about the REST interface say of each route, made from its description.

An example is whole: with a token in the environment it runs as it stands, and the tests run each.
"""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from pprint import pformat
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from connecticard.api_rendering import API_ROOT, JSONRenderer
from connecticard.api_schema import description

Json = dict[str, Any]
EXAMPLES = Path(__file__).parent / "api_examples"
_HOST = "https://borrowit.example.org"


@dataclass(frozen=True)
class Row:
    """A parameter, or a field of a body or an answer, as a page shows it."""

    name: str
    values: str
    required: bool
    description: str
    place: str = ""


@dataclass(frozen=True)
class Route:
    """A route with one method, as a page shows it."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    deprecated: bool
    parameters: tuple[Row, ...]
    takes: tuple[Row, ...]
    csv: str
    answers: tuple[Row, ...]
    answers_csv: str
    answers_as: tuple[str, str]
    """Id and summary of an earlier route that answers with the same fields; empty where there is none."""
    refusals: tuple[tuple[str, str], ...]
    curl: str
    python: str
    status: str
    answer: str


@dataclass(frozen=True)
class Resource:
    """The routes that begin with one word, which have a page together."""

    name: str
    routes: tuple[Route, ...]


def script(name: str) -> str:
    """Return an example that is a file, for this host."""
    return (EXAMPLES / name).read_text(encoding="utf-8").replace(_HOST, settings.SITE_URL)


def resources() -> tuple[Resource, ...]:
    """Return every resource with its routes, in the order of the description."""
    made = description()
    found: dict[str, list[Route]] = {}
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            routes = found.setdefault(operation["tags"][0], [])
            route = _route(made, method.upper(), path, operation)
            same = next((each for each in routes if each.answers == route.answers), None)
            if same is not None and route.answers:
                route = replace(route, answers=(), answers_as=(same.id, same.summary))
            routes.append(route)
    return tuple(Resource(name, tuple(routes)) for name, routes in found.items())


def _route(made: Json, method: str, path: str, operation: Json) -> Route:
    status, done = next(iter(operation["responses"].items()))
    content = done.get("content", {}).get("application/json", {})
    body = operation.get("requestBody", {}).get("content", {})
    example = content.get("example")
    return Route(
        id=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        description=operation["description"],
        deprecated=operation.get("deprecated", False),
        parameters=tuple(_parameter(parameter) for parameter in operation.get("parameters", ())),
        takes=tuple(_fields(made, body.get("application/json", {}).get("schema", {}))),
        csv=body.get("text/csv", {}).get("schema", {}).get("description", ""),
        answers=tuple(_fields(made, content.get("schema", {}))),
        answers_csv=done.get("content", {}).get("text/csv", {}).get("schema", {}).get("description", ""),
        answers_as=("", ""),
        refusals=tuple(
            (code, refusal["description"])
            for code, refusal in operation["responses"].items()
            if code not in (status, "304", "401", "406", "413", "415", "429")
        ),
        curl=curl(made, method, path, operation),
        python=python(made, method, path, operation),
        status=status,
        answer="" if example is None else JSONRenderer.readable(example).replace(_HOST, settings.SITE_URL),
    )


def _parameter(parameter: Json) -> Row:
    return Row(
        name=parameter["name"],
        place={"path": "address", "header": "header"}.get(parameter["in"], "query"),
        values=_values(parameter["schema"]),
        required=parameter.get("required", False),
        description=parameter.get("description", ""),
    )


def _fields(made: Json, schema: Json, before: str = "") -> Iterator[Row]:
    """Yield the fields of an object, those of objects inside it under their path."""
    schema = _whole(made, schema)
    if "results" in schema.get("properties", {}):
        schema = _whole(made, schema["properties"]["results"]["items"])
    for name, value in schema.get("properties", {}).items():
        value = _whole(made, value)
        yield Row(
            name=before + name,
            values=_values(value),
            required=name in schema.get("required", ()),
            description=value.get("description", ""),
        )
        inside = _whole(made, value.get("items", {})) if value.get("type") == "array" else value
        if "properties" in inside:
            mark = "[]." if value.get("type") == "array" else "."
            yield from _fields(made, inside, f"{before}{name}{mark}")


def _whole(made: Json, schema: Json) -> Json:
    """Return a schema with what it refers to, its own description before that one's."""
    for part in (schema, *schema.get("allOf", ()), *schema.get("oneOf", ())):
        if "$ref" in part:
            said = made["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]]
            own = {name: value for name, value in schema.items() if name not in ("$ref", "allOf", "oneOf")}
            return {**said, **own}
    return schema


def _values(schema: Json) -> str:
    """Say in a few words which values a parameter or a field takes."""
    kinds = schema.get("type", "")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    empty = " or null" if "null" in kinds else ""
    kind = next((kind for kind in kinds if kind != "null"), "")
    words = [word for word in schema.get("enum", ()) if word is not None]
    if words:
        return ", ".join(map(str, words)) + empty
    if kind == "integer" and "minimum" in schema and "maximum" in schema:
        text = f"{schema['minimum']:,} to {schema['maximum']:,}" if schema["minimum"] < 1000 else "a year"
        return f"{text}; {schema['default']:,} where not given" if "default" in schema else text + empty
    form = {"date": "a day", "date-time": "a time", "uri": "an address"}.get(schema.get("format", ""), "")
    named = {
        "integer": "a whole number",
        "boolean": "true or false",
        "array": "a list",
        "object": "an object",
    }
    return (form or named.get(kind, "text")) + empty


# Examples


def _address(path: str, operation: Json) -> str:
    """Return the address of an example, below the root of the interface."""
    query = {}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", parameter["example"])
        elif parameter["in"] == "query" and parameter.get("required"):
            query[parameter["name"]] = (parameter["schema"].get("examples") or [parameter.get("example")])[0]
    return path.removeprefix(API_ROOT) + (f"?{urlencode(query)}" if query else "")


def _read_before(made: Json, method: str, path: str) -> str:
    """Return the path that is read for the ETag that a write names: the record that it changes."""
    if method != "POST" and "get" in made["paths"][path]:
        return path
    start, _, _ = path.partition("{")
    found: str = next(
        known
        for known, methods in made["paths"].items()
        if known.startswith(start + "{")
        and known.endswith("}/")
        and known.count("{") == 1
        and "get" in methods
    )
    return found


def _state(made: Json, method: str, path: str, operation: Json) -> str:
    """Return the address of the state that a write names; empty where it names none."""
    if not any(parameter["name"] == "If-Match" for parameter in operation.get("parameters", ())):
        return ""
    examples = [parameter["example"] for parameter in operation["parameters"] if parameter["in"] == "path"]
    before = _read_before(made, method, path)
    address: str = (
        before[: before.index("{")].removeprefix(API_ROOT) + examples[0] + before[before.index("}") + 1 :]
    )
    return address


def _body(operation: Json) -> tuple[str, Any]:
    """Return the kind and the example of a body; two empty texts where there is none."""
    content = operation.get("requestBody", {}).get("content", {})
    for kind in ("application/json", "text/csv"):
        if kind in content:
            return kind, content[kind]["example"]
    return "", ""


def curl(made: Json, method: str, path: str, operation: Json) -> str:
    """Return a curl line that asks for a route, with a token where it takes one."""
    root = settings.SITE_URL + API_ROOT
    token = "" if {} in operation.get("security", ()) else '--header "Authorization: Bearer $TOKEN" '
    lines, state = [], _state(made, method, path, operation)
    if state:
        where = shlex.quote(root + state)
        lines.append(f"ETAG=$(curl --silent --output /dev/null --write-out '%header{{etag}}' {token}{where})")
    kind, body = _body(operation)
    parts = (
        ["curl"] + ([f"--request {method}"] if method != "GET" else []) + ([token.strip()] if token else [])
    )
    parts += ['--header "If-Match: $ETAG"'] if state else []
    if kind == "application/json":
        parts.append(f"--json {shlex.quote(json.dumps(body, ensure_ascii=False))}")
    elif kind:
        parts.append(f"--header 'Content-Type: {kind}' --data-binary {shlex.quote(body)}")
    lines.append(" \\\n  ".join([*parts, shlex.quote(root + _address(path, operation))]))
    return "\n".join(lines)


def python(made: Json, method: str, path: str, operation: Json) -> str:
    """Return the same in Python, with the functions of borrowit.py."""
    state, (kind, body) = _state(made, method, path, operation), _body(operation)
    lines = ["from borrowit import call", ""]
    given = [json.dumps(method), json.dumps(_address(path, operation))]
    if kind:
        lines.append(f"body = {pformat(body, width=88, sort_dicts=False)}")
        given.append("body")
    if state:
        lines.append(f'_, etag = call("GET", {json.dumps(state)})')
        given.append("etag=etag")
    if kind == "text/csv":
        given.append('kind="text/csv"')
    lines += [f"answer, etag = call({', '.join(given)})", "print(answer)"]
    return "\n".join(lines)
