"""Pieces of database truth that several apps state alike."""

import pgtrigger
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value


class KeyRange(Func):
    """A key as a range of one, so that a GiST index can compare it without an extension."""

    function = "int8range"
    output_field = models.Field()

    def __init__(self, key: str):
        super().__init__(
            F(key),
            F(key),
            Value("[]"),
        )


def no_overlap(
    name: str, *keys: str, during: str = "valid", condition: Q | None = None
) -> ExclusionConstraint:
    """Return the constraint that two rows of the same keys never share a day."""
    return ExclusionConstraint(
        name=name,
        index_type="gist",
        expressions=[
            *((KeyRange(key), RangeOperators.OVERLAPS) for key in keys),
            (during, RangeOperators.OVERLAPS),
        ],
        condition=condition,
    )


def holds_a_day(name: str, during: str = "valid") -> models.CheckConstraint:
    """Return the constraint that the days of a row are not none: an empty range would escape every other."""
    return models.CheckConstraint(name=name, condition=Q(**{f"{during}__isempty": False}))


def paired(name: str, *fields: str) -> models.CheckConstraint:
    """Return the constraint that these columns are filled together or not at all."""
    none = Q(**{f"{field}__isnull": True for field in fields})
    every = Q(**{f"{field}__isnull": False for field in fields})
    return models.CheckConstraint(name=name, condition=none | every)


class ChangedWhile(pgtrigger.Condition):
    """A change of these columns, of any where none is named, to a row that was in a given state."""

    def __init__(self, old: pgtrigger.Q, *fields: str, exclude: list[str] | None = None):
        self._old = old
        self._change = pgtrigger.AnyChange(*fields, exclude=exclude)

    def resolve(self, model: type[models.Model]) -> str:
        return f"(({self._old.resolve(model)}) AND ({self._change.resolve(model)}))"


def frozen_rows(name: str, owner_is_certified: str, message: str) -> list[pgtrigger.Trigger]:
    """Return the triggers that refuse to add, change or remove rows of a certified record.

    `owner_is_certified` is a query on the rows `touched` by a statement, which finds something where one of
    them belongs to a certified record. One statement is looked at once, so that a bulk load costs one query.
    """
    return [
        pgtrigger.Trigger(
            name=f"{name}_on_{verb}",
            level=pgtrigger.Statement,
            when=pgtrigger.After,
            operation=operation,
            referencing=pgtrigger.Referencing(**{rows: "touched"}),  # type: ignore[no-untyped-call]
            func=f"IF EXISTS ({owner_is_certified}) THEN RAISE EXCEPTION '{message}'; END IF; RETURN NULL;",
        )
        for operation, rows, verb in (
            (pgtrigger.Insert, "new", "insert"),
            (pgtrigger.Update, "old", "update"),
            (pgtrigger.Update, "new", "update_into"),
            (pgtrigger.Delete, "old", "delete"),
        )
    ]
