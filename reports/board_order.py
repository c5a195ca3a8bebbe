"""The order of the Board as a paper to adopt: what it says, gathered from a certified run."""

from datetime import date

from connecticard.canonical_json import sha256_of
from libraries.models import LibraryName
from payments.correcting.successors import paid_to
from payments.correcting.withheld import cured_lines, last_day_of
from payments.disbursing.board_orders import order_of
from payments.models import BoardOrder, Payment, PaymentRun
from reports.contents import MadeFrom
from reports.contents.board_order import BoardOrderPaper, OrderedPayment
from reports.payment_list import dated, run_facts, source_of, totals_of


def payment_order(run: PaymentRun) -> BoardOrderPaper:
    """Return the order to pay a certified run, with number and date once they are on record."""
    payments = _payments(run)
    return _paper(run, payments, [each for each in payments if each.payment_cents], order_of(run))


def release_order(run: PaymentRun, *, on: date, order: BoardOrder | None = None) -> BoardOrderPaper:
    """Return the order to release money withheld: what is cured on a day, or what a recorded one released."""
    payments = _payments(run)
    if order is not None:
        released = set(order.releases.approved().values_list("payment_id", flat=True))
    else:
        released = {line.payment.pk for line in cured_lines(run, on=on)}
    return _paper(run, payments, [each for each in payments if each.pk in released], order, is_release=True)


def _payments(run: PaymentRun) -> list[Payment]:
    return list(
        run.payments.select_related("library__town")
        .prefetch_related("unmet_requirements")
        .order_by("library__name", "library__key")
    )


def _paper(
    run: PaymentRun,
    payments: list[Payment],
    ordered: list[Payment],
    order: BoardOrder | None,
    *,
    is_release: bool = False,
) -> BoardOrderPaper:
    names = LibraryName.objects.borne_on(run.measured.last_day)
    lines = tuple(
        OrderedPayment(
            library_key=payment.library.key,
            library_name=names.get(payment.library_id, payment.library.name),
            cents=payment.withheld_cents if is_release else payment.payment_cents,
            successor=_successor(payment, order.dated if order else dated(run)),
        )
        for payment in ordered
    )
    number, day = (order.number, order.dated) if order else ("", None)
    return BoardOrderPaper(
        run=run_facts(run, payments),
        run_name=f"{run.fiscal_year}-{run.number}",
        payments=lines,
        cents=sum(line.cents for line in lines),
        totals=totals_of(run, payments),
        last_day=last_day_of(run.fiscal_year),
        made_from=MadeFrom(
            source=source_of(run),
            rulebook_edition=run.rulebook_edition,
            data_sha256=sha256_of(
                {
                    "run": run.manifest_sha256,
                    "kind": "release" if is_release else "payment",
                    "number": number,
                    "dated": day.isoformat() if day else None,
                    "last_day": last_day_of(run.fiscal_year).isoformat(),
                    "payments": [[line.library_key, line.cents, line.successor] for line in lines],
                }
            ),
            dated=day or dated(run),
        ),
        is_release=is_release,
        number=number,
        dated=day,
    )


def _successor(payment: Payment, on: date) -> str:
    library = paid_to(payment, on=on) if payment.library.open_during.upper else payment.library
    return "" if library == payment.library else str(library)
