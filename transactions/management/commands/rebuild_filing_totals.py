from typing import Any

from django.core.management.base import BaseCommand

from transactions.services import rebuild_totals


class Command(BaseCommand):
    help = "Make the totals of all certified filings again from their counts. Changes no filing."

    def handle(self, *args: Any, **options: Any) -> None:
        before, after = rebuild_totals()

        self.stdout.write(f"{after:,} totals from the counts on record; there were {before:,}.")
