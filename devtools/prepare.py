"""Several management commands in one process: each argument is one command with its arguments."""

import os
import shlex
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "connecticard.settings")
    import django
    from django.core.management import BaseCommand, call_command, load_command_class  # noqa: F401

    import connecticard.celery  # noqa: F401  (commands queue tasks)

    django.setup()
    for line in sys.argv[1:]:
        name, *arguments = shlex.split(line)
        if name == "migrate":
            arguments = ["--no-input", "--verbosity", "0", *arguments]
        call_command(name, *arguments)


if __name__ == "__main__":
    main()
