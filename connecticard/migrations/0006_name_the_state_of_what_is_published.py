from django.db import migrations, models

FUNCTIONS = """
CREATE FUNCTION connecticard_something_was_published() RETURNS void LANGUAGE sql AS $$
    INSERT INTO connecticard_publishedchange AS change (id, moves)
    VALUES (pg_current_xact_id()::text::bigint, 1)
    ON CONFLICT (id) DO UPDATE SET moves = change.moves + 1
$$;
CREATE FUNCTION connecticard_move_the_published_mark_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM connecticard_something_was_published();
    RETURN NULL;
END
$$;
CREATE TRIGGER moves_the_published_mark_on AFTER UPDATE OF name ON connecticard_user
FOR EACH STATEMENT EXECUTE FUNCTION connecticard_move_the_published_mark_on();
"""
NO_FUNCTIONS = """
DROP FUNCTION connecticard_move_the_published_mark_on() CASCADE;
DROP FUNCTION connecticard_something_was_published();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('connecticard', '0005_answers_are_kept_for_who_asks_again'),
    ]

    operations = [
        migrations.CreateModel(
            name='PublishedChange',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('moves', models.PositiveIntegerField(default=1)),
            ],
        ),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
    ]
