"""The numbers of receipts: readable aloud, and wrong in one place is noticed.

`CT0012-202603-202608-1-C2-7KQ4X` is a certificate (C; a submission has S), the second receipt given for
version 1 of the filing of library CT0012 for March to August 2026. The last group keeps a number from being
guessed: four drawn characters, and one computed from everything before it.
"""

import re
from datetime import date
from enum import StrEnum

DRAWN_FROM = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # without I, L, O and U, which are misread or misheard
DRAWN = 4

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_FORM = re.compile(r"[0-9A-Z-]+-[0-9]{6}-[0-9]{6}-[0-9]+-[SC][0-9]+-[0-9A-Z]{5}")
_DASHES = re.compile("[\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}]")


class ReceiptKind(StrEnum):
    """What a receipt is given for."""

    SUBMISSION = "submission"
    CERTIFICATE = "certificate"

    @property
    def label(self) -> str:
        """The kind in words for people."""
        return {
            ReceiptKind.SUBMISSION: "Submission receipt",
            ReceiptKind.CERTIFICATE: "Certificate",
        }[self]


def receipt_number(
    *,
    library: str,
    first_day: date,
    last_day: date,
    version: int,
    kind: ReceiptKind,
    sequence: int,
    drawn: str,
) -> str:
    """Return the number of a receipt.

    `sequence` counts the receipts of one version from 1. `drawn` is four characters of DRAWN_FROM taken at
    random by the caller; ValueError where it is anything else.

    Source: the program's own; Regs. Conn. State Agencies § 11-31c-2(a), (d) ask for what the receipt proves.
    """
    if len(drawn) != DRAWN or not set(drawn) <= set(DRAWN_FROM):
        raise ValueError(f"{drawn!r} is not four characters of {DRAWN_FROM}")
    place = f"{kind.value[0].upper()}{sequence}"
    body = f"{library.upper()}-{first_day:%Y%m}-{last_day:%Y%m}-{version}-{place}-{drawn}"
    return body + _check_character(body)


def as_written(typed: str) -> str:
    """Return a number as receipts write it: capitals, plain hyphens, no spaces.

    Where no hyphen was typed at all, spaces stand for them, as when a number is read aloud group by group.

    Source: the program's own.
    """
    groups = _DASHES.sub("-", typed).upper().split()
    number = "".join(groups)
    return number if "-" in number else "-".join(groups)


def is_receipt_number(number: str) -> bool:
    """Return whether a number has the form of one and its last character agrees with the others.

    One character typed wrong, and nearly every two that changed places, are noticed (ISO/IEC 7064,
    MOD 37,36).

    Source: the program's own.
    """
    return bool(_FORM.fullmatch(number)) and _check_character(number[:-1]) == number[-1]


def _check_character(body: str) -> str:
    product = 36
    for character in body.replace("-", ""):
        product = (product + _DIGITS.index(character)) % 36 or 36
        product = product * 2 % 37
    return _DIGITS[(37 - product) % 36]
