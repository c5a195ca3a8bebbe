from typing import Any

from django.core.management.base import BaseCommand

from libraries.roster import load_roster


class Command(BaseCommand):
    help = (
        "Load towns, libraries, residency and consortia from the shipped data. Adds what is missing and "
        "changes nothing on record, so it is safe to run again. Creates no person and no letter of agreement."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        load = load_roster()

        for noun, (added, on_record) in load.counts.items():
            self.stdout.write(f"{noun}: {added} added, {on_record} on record")
        if load.differences:
            self.stdout.write("On record other than shipped, left as it stands:")
        for difference in load.differences:
            self.stdout.write(f"  {difference}")
