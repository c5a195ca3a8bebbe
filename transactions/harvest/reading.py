"""Reading answers of a harvest strictly: whole and as specified, or not at all.

What is wrong is said by its place and never quoted: a system that errs may have sent what names a person.
A field that the specification does not name is refused for the same reason.
"""

import json
import re
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from transactions.harvest.specification import (
    LARGEST_COUNT,
    LONGEST_TEXT,
    MOST_COUNTS,
    MOST_MEMBERS,
    NAME,
    Code,
    MemberMonth,
    Members,
    Month,
    Said,
    Service,
    Status,
)
from transactions.uploads.labels import LONGEST_LABEL

_ENVELOPE = ("specification", "version")


class NotAsSpecified(ValueError):
    """An answer that is not of the specification; the text says where and why."""

    def __init__(self, where: str, why: str):
        super().__init__(f"{where} {why}. The answer was not used.")


def read_status(body: bytes) -> Status:
    """Return what a system says of itself. Raises NotAsSpecified."""
    answer = _answer(body, ["service"], ["ready_through", "exceptions"])
    service = _text(answer["service"], "service", 20)
    if service not in set(Service):
        raise NotAsSpecified("service", "is neither available nor unavailable")
    ready = answer.get("ready_through")
    return Status(
        Service(service),
        None if ready is None else _month(ready, "ready_through"),
        _exceptions(answer, "exceptions"),
    )


def read_members(body: bytes) -> Members:
    """Return the libraries for which a system offers counts. Raises NotAsSpecified."""
    answer = _answer(body, ["members"], ["exceptions"])
    keys = []
    for place, member in enumerate(_list(answer["members"], "members", MOST_MEMBERS)):
        where = f"members[{place}]"
        fields = _object(member, where, ["library"], ["name"])
        keys.append(_key(fields["library"], f"{where}.library"))
        if "name" in fields:
            _text(fields["name"], f"{where}.name", LONGEST_TEXT)
    _refuse_repeated(keys, "members", "names a library")
    return Members(tuple(keys), _exceptions(answer, "exceptions"))


def read_counts(body: bytes, asked: date) -> Month:
    """Return the counts of the month that was asked for. Raises NotAsSpecified."""
    answer = _answer(body, ["month", "made_at", "counts"], ["exceptions"])
    month = _month(answer["month"], "month")
    if month != asked:
        raise NotAsSpecified("month", f"is {month:%Y-%m}, and {asked:%Y-%m} was asked for")
    members = [
        _member(each, f"counts[{place}]")
        for place, each in enumerate(_list(answer["counts"], "counts", MOST_MEMBERS))
    ]
    _refuse_repeated([member.library for member in members], "counts", "names a library")
    return Month(
        month, _moment(answer["made_at"], "made_at"), tuple(members), _exceptions(answer, "exceptions")
    )


def read_refusal(body: bytes) -> tuple[Said, ...]:
    """Return the exceptions of an answer that is an error. Raises NotAsSpecified."""
    return _exceptions(_answer(body, ["exceptions"], []), "exceptions")


def _member(value: Any, where: str) -> MemberMonth:
    fields = _object(value, where, ["library", "loans"], ["exceptions"])
    counts = []
    for place, each in enumerate(_list(fields["loans"], f"{where}.loans", MOST_COUNTS)):
        at = f"{where}.loans[{place}]"
        loans = _object(each, at, ["home_library", "units"], [])
        home = _text(loans["home_library"], f"{at}.home_library", LONGEST_LABEL).strip()
        if not home:
            raise NotAsSpecified(f"{at}.home_library", "is empty")
        counts.append((home, _count(loans["units"], f"{at}.units")))
    _refuse_repeated([home for home, _ in counts], f"{where}.loans", "names a home library")
    return MemberMonth(
        _key(fields["library"], f"{where}.library"),
        tuple(counts),
        _exceptions(fields, f"{where}.exceptions"),
    )


# The pieces


def _answer(body: bytes, required: Collection[str], allowed: Collection[str]) -> dict[str, Any]:
    try:
        value = json.loads(
            body.decode("utf-8-sig"), object_pairs_hook=_object_once, parse_constant=_no_constant
        )
    except NotAsSpecified:
        raise
    except (ValueError, RecursionError) as problem:
        raise NotAsSpecified("The answer", "is not JSON, or not all of it came") from problem
    fields = _object(value, "The answer", [*_ENVELOPE, *required], allowed)
    _envelope(fields)
    return fields


def _envelope(fields: dict[str, Any]) -> None:
    if fields["specification"] != NAME:
        raise NotAsSpecified("specification", f"is not {NAME}")
    if not re.fullmatch(r"1\.[0-9]{1,4}", _text(fields["version"], "version", 20)):
        raise NotAsSpecified("version", "is none of version 1")


def _object_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotAsSpecified("The answer", "names a field twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise NotAsSpecified("The answer", "has a number that is none")


def _object(value: Any, where: str, required: Collection[str], allowed: Collection[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise NotAsSpecified(where, "is not an object")
    if missing := [name for name in required if name not in value]:
        raise NotAsSpecified(where, f"has no {missing[0]}")
    if len(value.keys() - set(required) - set(allowed)):
        raise NotAsSpecified(where, "has a field that the specification does not name")
    return value


def _list(value: Any, where: str, most: int) -> list[Any]:
    if not isinstance(value, list):
        raise NotAsSpecified(where, "is not a list")
    if len(value) > most:
        raise NotAsSpecified(where, f"has more than {most:,} rows")
    return value


def _text(value: Any, where: str, longest: int) -> str:
    if not isinstance(value, str) or "\x00" in value or not value.isprintable():
        raise NotAsSpecified(where, "is not a line of text")
    if len(value) > longest:
        raise NotAsSpecified(where, f"is longer than {longest} letters")
    return value


def _key(value: Any, where: str) -> str:
    key = _text(value, where, 20)
    if not re.fullmatch(r"[A-Z0-9]{2,20}", key):
        raise NotAsSpecified(where, "is no FSCS key, such as CT0001")
    return key


def _month(value: Any, where: str) -> date:
    text = _text(value, where, 7)
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", text) or text < "1000":
        raise NotAsSpecified(where, "is no month, such as 2026-09")
    return date.fromisoformat(f"{text}-01")


def _moment(value: Any, where: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(value, where, 40))
    except ValueError as problem:
        raise NotAsSpecified(where, "is no time, such as 2026-10-02T03:10:00-04:00") from problem
    if moment.tzinfo is None:
        raise NotAsSpecified(where, "has no offset from UTC")
    return moment


def _count(value: Any, where: str) -> int:
    if type(value) is not int or not 0 <= value <= LARGEST_COUNT:
        raise NotAsSpecified(where, f"is no whole number from 0 to {LARGEST_COUNT:,}")
    return value


def _exceptions(fields: dict[str, Any], where: str) -> tuple[Said, ...]:
    found = []
    for place, each in enumerate(_list(fields.get("exceptions", []), where, 20)):
        at = f"{where}[{place}]"
        said = _object(each, at, ["code"], ["message"])
        if type(said["code"]) is not int or said["code"] not in set(Code):
            raise NotAsSpecified(f"{at}.code", "is none of the codes of the specification")
        found.append(Said(Code(said["code"]), _text(said.get("message", ""), f"{at}.message", LONGEST_TEXT)))
    return tuple(found)


def _refuse_repeated(names: Sequence[str], where: str, what: str) -> None:
    if len(set(names)) != len(names):
        raise NotAsSpecified(where, f"{what} twice")
