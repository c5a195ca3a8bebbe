"""Hold the Spanish catalogue to what the product says, or add what a part of it lacks."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from connecticard import catalogues
from connecticard.translated_texts import translated_texts


class Command(BaseCommand):
    help = (
        "Says what the Spanish catalogue lacks, and what in it is said nowhere; exit 1 when there is any. "
        "With --fill APP/PART, adds an empty entry to APP/locale/es/PART.po for each text without one."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--fill", metavar="APP/PART", help="the part to add to, such as reports/finder")
        parser.add_argument(
            "--from",
            dest="sources",
            metavar="PATH",
            action="append",
            default=[],
            help="take texts of files whose path begins so, as templates/reports/finder; may be repeated",
        )

    def handle(self, *args: Any, fill: str | None, sources: list[str], **options: Any) -> None:
        root = settings.BASE_DIR
        asked = translated_texts(root)
        if fill:
            app, _, part = fill.partition("/")
            if app not in catalogues.APPS or not part:
                raise CommandError(
                    f"--fill {fill}: write APP/PART; the apps are {', '.join(catalogues.APPS)}"
                )
            self._fill(root / app / "locale" / "es" / f"{part}.po", asked, tuple(sources), root)
            return
        chosen = [line for line in catalogues.faults(root, asked) if line.startswith(tuple(sources) or "")]
        if chosen:
            raise CommandError("\n".join([*chosen, f"{len(chosen)} faults in the Spanish catalogue"]))
        self.stdout.write(f"{len(asked)} texts, each with its Spanish")

    def _fill(
        self, path: Path, asked: dict[catalogues.Text, str], sources: tuple[str, ...], root: Path
    ) -> None:
        known = {catalogues.text_of(entry) for _, entry in catalogues.translations(root)}
        wanted = [
            (text, source)
            for text, source in asked.items()
            if text not in known and (not sources or source.startswith(sources))
        ]
        added = catalogues.fill(path, wanted, set(asked))
        self.stdout.write(f"{path.relative_to(root)}: {added} entries added; write their Spanish")
