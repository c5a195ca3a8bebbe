from django.db import connection, models


class PublishedChange(models.Model):
    """A transaction that changed something that public pages may show: its number, and how often it did.

    Written by triggers. No two transactions write to the same row, so none waits for another; how many
    rows there are, the highest and the sum of moves name one state of what is published and no other.
    """

    id = models.BigIntegerField(primary_key=True)
    moves = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.id}"

    @classmethod
    def forget_older(cls) -> None:
        """Remove the rows but that of this transaction, which takes their place as the highest."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT connecticard_something_was_published()")
            cursor.execute(
                "DELETE FROM connecticard_publishedchange WHERE id <> pg_current_xact_id()::text::bigint"
            )
