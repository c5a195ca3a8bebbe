"""Whether the money of a run went out: nothing is voided or divided again after that (4(a))."""

from payments.models import PaymentRun


def is_disbursed(run: PaymentRun) -> bool:
    """Return whether a batch of this run was exported to the Comptroller and not withdrawn."""
    return run.batches.standing().exists()
