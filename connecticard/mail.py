"""Letters by e-mail: templates/emails/<name>.txt, whose first line is the subject."""

from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string


def send_letter(name: str, *, to: str, **words: Any) -> None:
    """Send a letter once the transaction stands; a mail server that fails is logged and undoes nothing."""
    text = render_to_string(
        f"emails/{name}.txt",
        {"program_name": settings.PROGRAM_NAME, "site_url": settings.SITE_URL, **words},
    )
    subject, _, body = text.strip().partition("\n")
    transaction.on_commit(
        partial(send_mail, subject.strip(), body.strip() + "\n", settings.DEFAULT_FROM_EMAIL, [to]),
        robust=True,
    )
