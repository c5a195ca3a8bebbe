"""What the statewide report of deliverIT CT says in a few sentences, each worked out from its contents."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from connecticard.templatetags.figures import count, percent
from reports.contents.delivery import DeliveryComparison, DeliveryVolume
from reports.delivery.period import period_named
from reports.delivery.words import period_words


def sentences(report: DeliveryVolume) -> tuple[str, ...]:
    """Return the main points of a report; a single one where nothing was reported yet."""
    if not report.reporting:
        return (_("No library has reported this period yet."),)
    found = [
        ngettext(
            "%(reporting)s of %(libraries)s library reported: %(delivered)s items delivered and %(sent)s "
            "sent off, estimated from its bins and loose items.",
            "%(reporting)s of %(libraries)s libraries reported: %(delivered)s items delivered and %(sent)s "
            "sent off, estimated from their bins and loose items.",
            report.libraries,
        )
        % {
            "reporting": count(report.reporting),
            "libraries": count(report.libraries),
            "delivered": count(report.sums.delivered),
            "sent": count(report.sums.sent),
        },
        *_standing(report),
        *(_comparison(one) for one in report.comparisons if one.both and one.both_before.delivered),
        *_returns(report),
    ]
    return tuple(found)


def _standing(report: DeliveryVolume) -> list[str]:
    late, partial, missing = (
        sum(getattr(quarter, name) for quarter in report.quarters) for name in ("late", "partial", "missing")
    )
    if not (late or partial or missing):
        return [_("Every report that was due came in time and is whole.")]
    found = []
    if late:
        found.append(
            ngettext("%(late)s report came late.", "%(late)s reports came late.", late)
            % {"late": count(late)}
        )
    if partial:
        found.append(
            ngettext(
                "%(partial)s report lacks a count of a month.",
                "%(partial)s reports lack a count of a month.",
                partial,
            )
            % {"partial": count(partial)}
        )
    if missing:
        found.append(
            ngettext(
                "%(missing)s report is missing: what that library carried is in no sum.",
                "%(missing)s reports are missing: what those libraries carried is in no sum.",
                missing,
            )
            % {"missing": count(missing)}
        )
    return found


def _comparison(one: DeliveryComparison) -> str:
    now, before = one.both_now.delivered, one.both_before.delivered
    words = {
        "both": count(one.both),
        "now": count(now),
        "before": count(before),
        "period": period_words(period_named(one.name)),
        "percent": percent(abs(now - before), before),
    }
    if now == before:
        return (
            ngettext(
                "At the %(both)s library that reported every month of both, as many items were delivered as "
                "in %(period)s: %(now)s.",
                "At the %(both)s libraries that reported every month of both, as many items were delivered "
                "as in %(period)s: %(now)s.",
                one.both,
            )
            % words
        )
    if now > before:
        return (
            ngettext(
                "At the %(both)s library that reported every month of both, %(now)s items were delivered, "
                "%(percent)s more than in %(period)s (%(before)s).",
                "At the %(both)s libraries that reported every month of both, %(now)s items were delivered, "
                "%(percent)s more than in %(period)s (%(before)s).",
                one.both,
            )
            % words
        )
    return (
        ngettext(
            "At the %(both)s library that reported every month of both, %(now)s items were delivered, "
            "%(percent)s fewer than in %(period)s (%(before)s).",
            "At the %(both)s libraries that reported every month of both, %(now)s items were delivered, "
            "%(percent)s fewer than in %(period)s (%(before)s).",
            one.both,
        )
        % words
    )


def _returns(report: DeliveryVolume) -> list[str]:
    if report.returns is None:
        return [
            _(
                "How many of them were borrowIT CT returns is not estimated: no public library gave its "
                "interlibrary loans."
            )
        ]
    return [
        ngettext(
            "At the %(libraries)s public library that gave its interlibrary loans, %(arrived)s of the "
            "items delivered are taken to be borrowIT CT returns, and %(sent)s of those sent off.",
            "At the %(libraries)s public libraries that gave their interlibrary loans, %(arrived)s of the "
            "items delivered are taken to be borrowIT CT returns, and %(sent)s of those sent off.",
            report.estimated,
        )
        % {
            "libraries": count(report.estimated),
            "arrived": count(report.returns.arrived),
            "sent": count(report.returns.sent),
        }
    ]
