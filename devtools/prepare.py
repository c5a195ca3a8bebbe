"""Several management commands in one process: each argument is one command with its arguments."""

import os
import shlex
import sys
from io import StringIO
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "connecticard.settings")
    import django
    from django.conf import settings
    from django.core.management import call_command

    import connecticard.celery  # noqa: F401  (commands queue tasks)

    django.setup()
    for line in sys.argv[1:]:
        name, *arguments = shlex.split(line)
        if name == "migrate":
            arguments = ["--no-input", "--verbosity", "0", *arguments]
        if name == "load_demo":
            said = StringIO()
            call_command(name, *arguments, stdout=said)
            _keep_private(Path(settings.VAR_DIR) / "sign-ins.txt", said.getvalue())
        else:
            call_command(name, *arguments)


def _keep_private(path: Path, text: str) -> None:
    """Keep the sign-ins that loading the demo told; a later start prints them without loading it."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)


if __name__ == "__main__":
    main()
