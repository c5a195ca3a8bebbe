"""The OpenAPI description of the REST interface, made from the objects that answer."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from django import forms
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers

from connecticard import permissions
from connecticard.api_bodies import CSV_KIND, JSON_KIND
from connecticard.api_filters import (
    ChosenField,
    DayField,
    Parameters,
    PatternField,
    TextField,
    WholeNumberField,
    YesNoField,
)
from connecticard.api_problems import MEDIA_TYPE, PROBLEMS
from connecticard.api_views import OneViewSet
from connecticard.api_writing import ETAG as ETAG_PATTERN
from connecticard.api_writing import IDEMPOTENCY_KEY, Write

Json = dict[str, Any]


class MistakeRecord(serializers.Serializer):
    """One thing wrong with a request."""

    code = serializers.ChoiceField(choices=sorted(PROBLEMS))
    field = serializers.CharField(allow_null=True, help_text="The parameter or field that it concerns.")
    detail = serializers.CharField()
    cure = serializers.CharField()


class Problem(MistakeRecord):
    """Why a request was refused (RFC 9457), with a code that stays, the field and what to do."""

    type = serializers.CharField(help_text="Address of the explanation; the code says the same.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    errors = MistakeRecord(many=True)
    request_id = serializers.CharField(
        help_text="Tell it to the State Library when you ask about this answer."
    )


RATE_HEADERS: Json = {
    "RateLimit-Limit": {
        "schema": {"type": "integer"},
        "description": "Requests that your role has a minute.",
    },
    "RateLimit-Remaining": {"schema": {"type": "integer"}, "description": "Requests left in this minute."},
    "RateLimit-Reset": {"schema": {"type": "integer"}, "description": "Seconds until the count begins anew."},
}
ETAG: Json = {
    "schema": {"type": "string"},
    "description": "Name of this answer; send it as If-None-Match to be told whether it has changed.",
}
REFUSALS = {
    "400": "A parameter is unknown, missing or cannot be read.",
    "401": "No token, or one that does not work.",
    "403": "Your role or the token's scopes do not permit this.",
    "404": "There is no such record, or you may not see it.",
    "405": "The route has no such method; Allow names those that it has.",
    "406": "The answer exists as application/json only.",
    "429": "More requests than your role has a minute; Retry-After says how long to wait.",
}


LOCATION: Json = {"schema": {"type": "string", "format": "uri"}, "description": "Where the new record is."}
REPLAYED: Json = {
    "schema": {"type": "string", "const": "true"},
    "description": "The answer to an earlier request with this Idempotency-Key; nothing was done again.",
}
WRITE_REFUSALS = {
    "400": "The body, a parameter or a header is missing, unknown or cannot be read.",
    "401": "No token, or one that does not work.",
    "403": "Your role or the token's scopes do not permit this, or for this library.",
    "404": "There is no such record, or you may not see it.",
    "405": "The route has no such method; Allow names those that it has.",
    "406": "The answer exists as application/json only.",
    "413": "The body is larger than the route takes.",
    "422": "The Idempotency-Key was used for another request.",
    "429": "More requests than your role has a minute; Retry-After says how long to wait.",
}
IF_MATCH: Json = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": ETAG_PATTERN},
    "example": '"3f2b8c6d1e0a4957b6c8d2e4f1a3b5c7"',
    "description": "The ETag of the record as you have read it. 412 where it was changed since.",
}
KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "pattern": IDEMPOTENCY_KEY},
    "example": "4b1f6c1e-7a50-4b0e-9c1f-2f0d0c6b9a11",
    "description": "A new key for each thing to be done, such as a UUID. Asked again with the same key "
    "within 24 hours, the same answer is given and nothing is done twice. A refusal is not kept.",
}


class ApiSchema(AutoSchema):
    """Describes one method of a route from its viewset: its record, its parameters and who may use it."""

    @property
    def write(self) -> Write | None:
        """What the method writes; None where it reads."""
        found: Write | None = getattr(getattr(self.view, self.view.action), "write", None)
        return found

    def get_operation_id(self) -> str:
        if self.write:
            return self.write.operation.replace("-", "_")
        name = self.view.resource.replace("-", "_")
        return f"list_{name}" if self._is_list_view() else f"read_{name}"

    def _is_list_view(self, serializer: Any = None) -> bool:
        return self.view.action == "list" and not isinstance(self.view, OneViewSet)

    def is_deprecated(self) -> bool:
        return self.view.retirement is not None

    def get_summary(self) -> str:
        if self.write:
            return self.write.summary
        words = self.view.resource.replace("-", " ")
        return f"List {words}" if self._is_list_view() else f"Read one of the {words}"

    def get_description(self) -> str:
        said_by = getattr(self.view, self.view.action) if self.write else self.view
        text = " ".join((said_by.__doc__ or "").split())
        return f"{text} {self._who()}".strip()

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_auth(self) -> list[Json]:
        auth: list[Json] = super().get_auth()
        return [{}, *auth] if self._action() is None else auth

    def _action(self) -> permissions.Action | None:
        if self.write:
            return permissions.API_WRITING[self.write.operation]
        return permissions.API_READING[self.view.resource]

    def _who(self) -> str:
        action = self._action()
        if action is None:
            return "Open to everybody."
        return f"A token needs the scope {permissions.SCOPES[action].value}."

    def _get_parameters(self) -> list[Json]:
        found = []
        examples = dict(self.view.path_examples)
        if getattr(self.view, "key_example", ""):
            examples[self.view.lookup_url_kwarg] = self.view.key_example
        for name in _variables(self.path):
            schema = {"type": "string", "minLength": 1, "maxLength": 60}
            found.append(
                {
                    "name": name,
                    "in": "path",
                    "required": True,
                    "schema": schema,
                    "example": examples[name],
                    "description": f"As lists write it, such as {examples[name]}.",
                }
            )
        if self.write:
            found += [IF_MATCH, KEY] if self.write.if_match else [KEY]
        elif self._is_list_view():
            found += parameters(self.view.filterset_class) + self._paging()
        return found

    def _paging(self) -> list[Json]:
        size = {
            "type": "integer",
            "minimum": 1,
            "maximum": self.view.paging.greatest_size,
            "default": self.view.paging.size,
        }
        return [
            {
                "name": "cursor",
                "in": "query",
                "schema": {"type": "string", "minLength": 1},
                "description": "Where the page begins: follow next and previous, which carry it.",
            },
            {"name": "page_size", "in": "query", "schema": size, "description": "Most rows on a page."},
        ]

    def _get_request_body(self, direction: Direction = "request") -> Json | None:
        if self.write is None or not self.write.kinds:
            return None
        content: Json = {}
        if self.write.body is not None:
            content[JSON_KIND] = {"schema": self.write.body.schema, "example": self.write.body.example}
        if self.write.csv is not None:
            text = {"type": "string", "description": self.write.csv.description}
            content[CSV_KIND] = {"schema": text, "example": self.write.csv.example}
        return {"required": True, "content": content}

    def _written(self, write: Write, direction: Direction) -> Json:
        """Describe what a write answers."""
        headers = RATE_HEADERS | {"Idempotency-Replayed": REPLAYED}
        done: Json = {"description": write.says, "headers": headers}
        if write.answers is not None:
            record = write.answers()
            example = write.example or getattr(record, "example", None)
            schema = self.resolve_serializer(record, direction).ref
            done["content"] = {JSON_KIND: {"schema": schema, "example": example}}
            done["headers"] = headers | {"ETag": ETAG}
        if write.status == 201:
            done["headers"] = done["headers"] | {"Location": LOCATION}
        refusals = dict(WRITE_REFUSALS)
        if write.if_match:
            refusals["412"] = "The record was changed since it was read; nothing was done."
            refusals["428"] = "If-Match is missing."
        if write.kinds:
            refusals["415"] = "The body is of a kind that is not read here."
        refusals |= {str(status): text for status, text in write.refusals.items()}
        return {str(write.status): done, **self._refused(refusals, direction)}

    def _refused(self, refusals: Mapping[str, str], direction: Direction) -> Json:
        problem = self.resolve_serializer(Problem(), direction).ref
        return {
            status: {
                "description": text,
                "headers": dict(RATE_HEADERS),
                "content": {MEDIA_TYPE: {"schema": problem}},
            }
            for status, text in sorted(refusals.items())
        }

    def _get_response_bodies(self, direction: Direction = "response") -> Json:
        if self.write:
            return self._written(self.write, direction)
        whole = getattr(self.view, "detail_class", None)
        record = (self.view.serializer_class if self._is_list_view() or whole is None else whole)()
        component = self.resolve_serializer(record, direction).ref
        example: Any = record.example
        body: Json = component
        if self._is_list_view():
            link = {"type": ["string", "null"], "format": "uri"}
            body = {
                "type": "object",
                "required": ["next", "previous", "results"],
                "properties": {
                    "next": link,
                    "previous": link,
                    "results": {"type": "array", "items": component},
                },
            }
            example = {"next": None, "previous": None, "results": [example]}
        content: Json = {JSON_KIND: {"schema": body, "example": example}}
        refusals = dict(REFUSALS)
        if self._is_list_view() and self.view.csv:
            content[CSV_KIND] = {"schema": {"type": "string", "description": self.view.csv}}
            refusals["406"] = "The answer exists as application/json and text/csv only."
        held = {
            "description": "Unchanged since the answer that If-None-Match names.",
            "headers": {"ETag": ETAG},
        }
        return {
            "200": {
                "description": "The page." if self._is_list_view() else "The record.",
                "headers": {"ETag": ETAG, **RATE_HEADERS},
                "content": content,
            },
            "304": held,
            **self._refused(refusals, direction),
        }


def _variables(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def parameters(filterset: type[Parameters]) -> list[Json]:
    """Describe the query parameters of a list."""
    found = []
    for name, filter_ in filterset.base_filters.items():
        field = filter_.field
        parameter: Json = {
            "name": name,
            "in": "query",
            "schema": value_schema(field),
            "description": str(field.help_text),
        }
        if field.required:
            parameter["required"] = True
        found.append(parameter)
    return found


def value_schema(field: forms.Field) -> Json:
    """Describe the values that a parameter takes."""
    match field:
        case WholeNumberField():
            bounds = {"type": "integer", "minimum": field.least, "maximum": field.greatest}
            return bounds | ({"examples": [field.example]} if field.example is not None else {})
        case DayField():
            return {"type": "string", "format": "date"}
        case YesNoField():
            return {"type": "boolean"}
        case ChosenField():
            return {"type": "string", "enum": list(field.words)}
        case PatternField():
            text: Json = {"type": "string", "pattern": f"^(?:{field.pattern})$"}
            return text | ({"examples": [field.example]} if field.example is not None else {})
        case TextField():
            return {"type": "string", "minLength": 1, "maxLength": field.max_length}
    raise TypeError(f"{type(field).__name__} has no description")


@cache
def description() -> Json:
    """Return the whole description; made once in a process."""
    made: Json = SchemaGenerator().get_schema(request=None, public=True)
    return made


def operations(made: Mapping[str, Any]) -> list[tuple[str, Json]]:
    """Return each path that is read with its GET operation, in the order of the description."""
    return [(path, methods["get"]) for path, methods in made["paths"].items() if "get" in methods]


def writing_operations(made: Mapping[str, Any]) -> list[tuple[str, str, Json]]:
    """Return the method, the path and the operation of each write, in the order of the description."""
    return [
        (method.upper(), path, operation)
        for path, methods in made["paths"].items()
        for method, operation in methods.items()
        if method != "get"
    ]
