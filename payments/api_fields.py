"""Fields of REST records that only money has."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from connecticard.api_rendering import Computed
from payments.rules.cents import plain_dollars, rate
from transactions.rules.filing_calendar import measurement_period


@extend_schema_field({"type": "string", "pattern": r"^-?[0-9]+\.[0-9]{2}$"})
class DollarsField(Computed, serializers.CharField):
    """Money in dollars with two decimals, from a column of cents."""

    def __init__(self, column: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.columns = (column,)

    def read(self, *values: Any) -> str | None:
        return None if values[0] is None else plain_dollars(values[0])


@extend_schema_field({"type": "string", "pattern": r"^[0-9]+\.[0-9]{10}$"})
class RateField(Computed, serializers.CharField):
    """Dollars for one unit with ten decimals, from a pool in cents and the sum that divides it."""

    def __init__(self, pool: str, weight: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.columns = (pool, weight)

    def read(self, *values: Any) -> str | None:
        cents, weight = values
        return None if cents is None else rate(cents, int(weight or 0))


class MeasuredField(Computed, serializers.DateField):
    """The first or the last day of the twelve months that a fiscal year's payment measures."""

    def __init__(self, end: str, column: str = "fiscal_year", **settings: Any) -> None:
        super().__init__(**settings)
        self.end, self.columns = end, (column,)

    def read(self, *values: Any) -> Any:
        return getattr(measurement_period(values[0]), self.end)
