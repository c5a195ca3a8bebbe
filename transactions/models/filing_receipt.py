import pgtrigger
from django.db import models
from django.db.models import Q
from django.urls import reverse

from connecticard.constraints import ChangedWhile
from connecticard.models import User
from libraries.models import Library
from transactions.models.filing import Filing
from transactions.models.filing_period import FilingPeriod
from transactions.rules.receipt_numbers import ReceiptKind


class FilingReceipt(models.Model):
    """What a person was given in the hand who submitted or certified a filing: it never changes (2(a), 2(d)).

    A filing that is submitted again after it was returned has a receipt for each time. Everything that the
    receipt prints is kept as it was then, names and totals too, for a library may be renamed and a returned
    filing changes; nothing is ever counted from here. A version that is undone leaves its receipts behind,
    withdrawn and without a filing.
    """

    kind = models.CharField(max_length=12, choices=[(kind.value, kind.label) for kind in ReceiptKind])
    number = models.CharField(max_length=60, unique=True)
    filing = models.ForeignKey(Filing, on_delete=models.PROTECT, null=True, related_name="receipts")
    withdrawn_at = models.DateTimeField("when the version was undone", null=True)
    library = models.ForeignKey(Library, on_delete=models.PROTECT, related_name="+")
    library_name = models.CharField(max_length=250)
    period = models.ForeignKey(FilingPeriod, on_delete=models.PROTECT, related_name="+")
    version = models.PositiveSmallIntegerField()
    sequence = models.PositiveSmallIntegerField("place among the receipts of this version")
    issued_at = models.DateTimeField()
    signer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    signer_name = models.CharField(max_length=254)
    role = models.CharField("the role in which the signer acted, in words", max_length=400)
    statement = models.TextField()
    sha256 = models.CharField(max_length=64)
    form_edition = models.CharField(max_length=40)
    revision = models.PositiveIntegerField("number of times that the counts had been saved")
    totals = models.JSONField(
        "loans by month as [[YYYY-MM, loans]]: null for a total of the period, null for not counted",
        default=list,
    )

    class Meta:
        ordering = ["issued_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["library", "period", "version", "sequence"], name="one_receipt_of_a_sequence"
            ),
            models.UniqueConstraint(
                fields=["filing"],
                name="one_certificate_of_a_filing",
                condition=Q(kind=ReceiptKind.CERTIFICATE.value),
            ),
            models.CheckConstraint(
                name="receipt_is_withdrawn_with_its_filing",
                condition=Q(filing__isnull=False, withdrawn_at__isnull=True)
                | Q(filing__isnull=True, withdrawn_at__isnull=False, kind=ReceiptKind.SUBMISSION.value),
            ),
            models.CheckConstraint(
                name="receipt_says_who_signed_what",
                condition=~Q(signer_name="") & ~Q(role="") & ~Q(statement="") & ~Q(sha256=""),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="receipt_is_kept", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="receipt_stays",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["filing", "withdrawn_at"]),
            ),
            pgtrigger.Protect(
                name="receipt_keeps_its_filing",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(new__withdrawn_at__isnull=True),
            ),
            pgtrigger.Protect(
                name="receipt_is_withdrawn_once",
                operation=pgtrigger.Update,
                condition=ChangedWhile(pgtrigger.Q(old__withdrawn_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("transactions:receipt", args=[self.number])

    @property
    def is_certificate(self) -> bool:
        """Whether this is a certificate, and not the receipt of a submission."""
        return self.kind == ReceiptKind.CERTIFICATE

    @property
    def kind_label(self) -> str:
        """The kind in words for people."""
        return ReceiptKind(self.kind).label
