"""The lock files say what was declared, and name no address."""

from devtools import lock
from devtools.bootstrap import COMMANDS

SETS = {name: (lock.ROOT / "requirements" / f"{name}.txt").read_text() for name in lock.SETS}


def test_lock_files_are_made_from_the_declaration_as_it_is():
    assert lock.is_current()


def test_sets_are_disjoint_and_every_pin_has_a_hash():
    pins = [(name, pin) for name, text in SETS.items() for pin in lock.pins(text).items()]

    assert len({first for _, (first, _) in pins}) == len(pins)
    assert all("==" in first and "--hash=sha256:" in "".join(lines) for _, (first, lines) in pins)


def test_lock_files_hold_no_address():
    assert not [name for name, text in SETS.items() if "://" in text or "--index" in text or "--find" in text]


def test_each_command_names_sets_that_exist():
    assert {name for names in COMMANDS.values() for name in names} <= set(SETS)
