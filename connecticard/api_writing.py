"""What every write of the REST interface has in common.

A route says with `writes` what each of its methods takes and answers; the description is made of the same
objects. Around the method there is always the same:

- who may write what: `permissions.API_WRITING`, a token's scopes, and for a browser's session proof that the
  request comes from this site; the service looks at the object itself;
- the body: a known kind, of limited size, as its schema wants it (`api_bodies`);
- `If-Match`: who writes names the state that was read, by its ETag. So two programs never undo each other;
- `Idempotency-Key`: who did not hear the answer asks again with the same key, and hears it;
- one transaction: a request that is refused has changed nothing.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import Any, TypeVar, cast

import orjson
from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from connecticard import kept_answers
from connecticard.api_bodies import (
    CSV_KIND,
    JSON_KIND,
    CsvBody,
    JsonBody,
    SentBody,
    kind_of,
    read_json,
    read_nothing,
)
from connecticard.api_filters import refuse_unknown
from connecticard.api_problems import PROBLEMS, Mistake, Refused
from connecticard.api_rendering import JSONRenderer, Record
from connecticard.api_views import ApiView, OneViewSet, etag_of
from connecticard.models import KeptAnswer, User

IDEMPOTENCY_KEY = "^[A-Za-z0-9_.:-]{1,100}$"
ETAG = '^"[0-9a-f]{32}"$'
SMALL = 64_000
"""Bytes of a body that holds no counts."""


@dataclass(frozen=True)
class Write:
    """What one method of a route takes and answers.

    `operation` stands in `permissions.API_WRITING` and names the operation in the description. `answers` is
    the record of the answer, None where there is no content; `if_match` whether the state that was read must
    be named; `refusals` says when it answers 409, 422 or another status beside what every write has.
    """

    operation: str
    summary: str
    body: JsonBody | None = None
    csv: CsvBody | None = None
    answers: type[Serializer] | None = None
    example: Any = None
    status: int = 200
    says: str = "What is on record now."
    if_match: bool = False
    largest: int = SMALL
    refusals: Mapping[int, str] = field(default_factory=dict)

    @property
    def kinds(self) -> list[str]:
        """The media types of bodies that it takes."""
        return [kind for kind, body in ((JSON_KIND, self.body), (CSV_KIND, self.csv)) if body is not None]

    def read(self, request: Request) -> tuple[Any, str]:
        """Return what the body says and the SHA-256 of its bytes. Refused where it cannot be read."""
        if not self.kinds:
            sent = SentBody(request, self.largest)
            read_nothing(sent)
            return None, sent.sha256.hexdigest()
        kind = kind_of(request, self.kinds)
        sent = SentBody(request, self.largest)
        if kind == CSV_KIND and self.csv is not None:
            said = self.csv.read(sent.lines(), request)
        else:
            said = read_json(sent, cast(JsonBody, self.body).schema)
        return said, sent.sha256.hexdigest()


@dataclass(frozen=True)
class Answer:
    """What a write answers: `etag` names the state of the record, `location` where a new one is found."""

    data: Any = None
    etag: str = ""
    location: str = ""


Act = Callable[[Any], "Answer | Refused"]
Method = TypeVar("Method", bound=Callable[..., Any])


def writes(write: Write) -> Callable[[Method], Method]:
    """Make a method of a route a write.

    The method is given the request, what the body says and the parts of the address, inside a transaction,
    and returns an Answer. It raises where it refuses, and nothing is kept. It *returns* a Refused where what
    it did before stays: a code of a second factor, once accepted, is used up.
    """

    def mark(method: Method) -> Method:
        @wraps(method)
        def answered(self: "WritingView", request: Request, **parts: str) -> Response:
            return self.answer_write(request, write, partial(method, self, request, **parts))

        answered.write = write  # type: ignore[attr-defined]
        return cast(Method, answered)

    return mark


class WritingView(ApiView):
    """Mixed into a route some of whose methods write."""

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    def refusal_of(self, error: Exception) -> Refused | None:
        """Return what a service's refusal is to the client; None for an error that is none."""
        return None

    def answer_write(self, request: Request, write: Write, method: Callable[..., Any]) -> Response:
        """Carry out a write, or give its answer again."""
        refuse_unknown(request.query_params, ())
        if write.if_match:
            named_state(request)
        key = _idempotency_key(request)
        said, sha256 = write.read(request)
        refused: Refused | None = None
        with transaction.atomic():
            kept = _claim(request, key, sha256) if key else None
            if kept is not None and kept.status is not None:
                return _again(kept)
            try:
                done = method(body=said)
            except Exception as error:
                if (refusal := self.refusal_of(error)) is None:
                    raise
                raise refusal from error
            if isinstance(done, Refused):
                refused = done
                if kept is not None:
                    kept.delete()
            elif kept is not None:
                _keep(kept, write, done)
        if refused is not None:
            raise refused
        return _response(write.status, done)


class ActViewSet(WritingView, OneViewSet):
    """A route at which something is done and nothing is read."""


def named_state(request: Request) -> str:
    """Return the ETag that If-Match names. Refused where it is missing or is none of ours."""
    given: str | None = request.headers.get("If-Match")
    if given is None:
        detail = "If-Match is missing: it says which state of the record you have read."
        raise Refused([Mistake("if_match_missing", "If-Match", detail, PROBLEMS["if_match_missing"][1])], 428)
    if not re.fullmatch(ETAG.strip("^$"), given):
        detail = f"If-Match is {given[:120]!r}."
        cure = 'Send the ETag as the answer gave it, with its quotation marks: If-Match: "0123…".'
        raise Refused([Mistake("invalid_header", "If-Match", detail, cure)])
    return given


def refuse_changed(request: Request, now: Mapping[str, Any]) -> None:
    """Raise Refused where a record is not as who writes has read it. Hold its row before you read it."""
    if etag_of(now) != named_state(request):
        raise changed_meanwhile()


def changed_meanwhile(detail: str = "The record was changed after you read it; nothing was done.") -> Refused:
    """Return the refusal of a write that does not know what is on record."""
    return Refused([Mistake("changed_meanwhile", "If-Match", detail, PROBLEMS["changed_meanwhile"][1])], 412)


def conflict(detail: str, cure: str = "") -> Refused:
    """Return the refusal of a write that cannot be done as things stand."""
    return Refused([Mistake("conflict", None, detail, cure or PROBLEMS["conflict"][1])], 409)


def answer_of(record: Record, row: Mapping[str, Any], *, location: str = "") -> Answer:
    """Return the answer that shows a record as it stands now; `row` is of that record."""
    return Answer({name: row[name] for name in record.fields}, etag_of(row), location)


def _idempotency_key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return ""
    if not re.fullmatch(IDEMPOTENCY_KEY.strip("^$"), key):
        detail = f"Idempotency-Key is {key[:120]!r}."
        cure = "Send 1 to 100 letters, digits and - _ . : such as a new UUID for each thing to be done."
        raise Refused([Mistake("invalid_header", "Idempotency-Key", detail, cure)])
    return str(key)


def _claim(request: Request, key: str, body_sha256: str) -> KeptAnswer:
    user = cast(User, request.user)
    token = user.acting_through
    facts = [request.method, request.path, request.content_type, body_sha256, token and token.pk]
    try:
        return kept_answers.claim(
            user=user, key=key, request_sha256=hashlib.sha256(orjson.dumps(facts)).hexdigest()
        )
    except kept_answers.KeyOfAnotherRequest:
        detail = "This Idempotency-Key was used for another request."
        cure = PROBLEMS["key_used_before"][1]
        raise Refused([Mistake("key_used_before", "Idempotency-Key", detail, cure)], 422) from None


def _keep(kept: KeptAnswer, write: Write, done: Answer) -> None:
    kept.status = write.status
    kept.content = JSONRenderer().render(done.data).decode()
    kept.etag, kept.location = done.etag, done.location
    kept.save(update_fields=["status", "content", "etag", "location"])


def _again(kept: KeptAnswer) -> Response:
    data = orjson.loads(kept.content) if kept.content else None
    response = _response(kept.status or 200, Answer(data, kept.etag, kept.location))
    response["Idempotency-Replayed"] = "true"
    return response


def _response(status: int, done: Answer) -> Response:
    response = Response(done.data, status=status)
    if done.etag:
        response["ETag"] = done.etag
    if done.location:
        response["Location"] = done.location
    response["Cache-Control"] = "private, no-store"
    return response
