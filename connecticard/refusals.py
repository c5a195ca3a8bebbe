"""What the database refuses, in a sentence for the person who asked."""

from django.db import DatabaseError


def in_words(error: DatabaseError) -> str:
    """Return why the database refused a change, and what to do: constraints have telling names."""
    diagnosis = getattr(error.__cause__, "diag", None)
    if name := getattr(diagnosis, "constraint_name", None):
        rule = name.replace("_", " ")
        return (
            f"This would break the rule “{rule}”, so nothing was changed. "
            "Look at what is on record, then enter what agrees with it."
        )
    why = getattr(diagnosis, "message_primary", None) or str(error).partition("\n")[0]
    return f"The database refuses this ({why}), so nothing was changed. Enter something else."
