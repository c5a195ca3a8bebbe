"""What every change of the roster may be refused with."""


class RosterChangeRefused(ValueError):
    """The roster cannot be changed so; the message says why and what to do."""
