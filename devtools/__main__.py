"""What each `./dev` command does, once the environment stands."""

import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)


def main() -> int:
    command, *arguments = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    signal.signal(signal.SIGHUP, lambda number, frame: sys.exit(128 + number))
    if command != "manage":  # its file arguments belong to where the person stands
        os.chdir(ROOT)
    if command == "lock":
        from devtools import lock

        return lock.main()
    if command == "check":
        from devtools import check

        return check.main()
    from devtools import commands

    return commands.COMMANDS[command](arguments)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
