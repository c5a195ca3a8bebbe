from typing import Any

from django.core.management.base import BaseCommand, CommandError

from connecticard.help.services import load_help
from connecticard.help.shipped import ContentRefused


class Command(BaseCommand):
    help = (
        "Bring the help center's pages, glossary and directory to what ships with this version. What staff "
        "have changed stays as it is, so it is safe to run at every start."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            changed = load_help()
        except ContentRefused as wrong:
            raise CommandError(str(wrong)) from wrong
        self.stdout.write(f"help center: {changed} changed")
