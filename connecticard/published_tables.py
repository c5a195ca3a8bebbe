"""What moves the mark of what is published on: a change of any row that a public page may read.

Each table of the apps and of the help center has the trigger, put there after every migration, so that a
table added later has it too; all but those in which people work all day and of which public pages read
nothing.
"""

from typing import Any

from django.apps import AppConfig
from django.db import connections

APPS = frozenset({"connecticard", "libraries", "transactions", "payments", "reports"})

# Of the frame, the help center alone: its glossary is explained on every page.
OF_THE_FRAME = frozenset(
    {
        "connecticard_directoryentry",
        "connecticard_glossaryterm",
        "connecticard_helppage",
        "connecticard_helppageversion",
    }
)

# Work under way, and looked at only there. What is certified of it moves the mark on by its totals.
UNPUBLISHED = frozenset(
    {
        "transactions_deliverycount",
        "transactions_deliverytally",
        "transactions_explanation",
        "transactions_filing",
        "transactions_harvestedcount",
        "transactions_harvestedmonth",
        "transactions_harvestline",
        "transactions_harvestrun",
        "transactions_harvestsource",
        "transactions_labelmapping",
        "transactions_loancount",
        "payments_contactlogentry",
        "payments_reminderrun",
        "payments_reminderschedule",
        # Of an assessment, which is its library's own.
        "reports_givencirculation",
        "reports_logo",
    }
)
# Tables of which a draft is work under way too: the rows that move the mark on.
OF_ROWS = {"transactions_deliveryreport": "NEW.status <> 'draft'"}
TRIGGER = "moves_the_published_mark_on"


def watch_tables(app_config: AppConfig, using: str, **kwargs: Any) -> None:
    """Put the trigger on each table of an app that has none yet; a receiver of `post_migrate`."""
    if app_config.label not in APPS:
        return
    connection = connections[using]
    tables = {model._meta.db_table for model in app_config.get_models(include_auto_created=True)}
    if app_config.label == "connecticard":
        tables &= OF_THE_FRAME
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regproc('connecticard_move_the_published_mark_on') IS NOT NULL")
        if cursor.fetchone() == (False,):
            return  # the tables of the frame are not there yet, or no longer
        there = set(connection.introspection.table_names(cursor))
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = %s", [TRIGGER])
        watched = {table for (table,) in cursor.fetchall()}
        for table in sorted((tables & there) - watched - UNPUBLISHED):
            changes, each = "INSERT OR UPDATE OR DELETE OR TRUNCATE", "STATEMENT"
            if table in OF_ROWS:
                changes, each = "INSERT OR UPDATE", f"ROW WHEN ({OF_ROWS[table]})"
            cursor.execute(
                f"CREATE TRIGGER {TRIGGER} AFTER {changes} ON {connection.ops.quote_name(table)} "
                f"FOR EACH {each} EXECUTE FUNCTION connecticard_move_the_published_mark_on()"
            )
