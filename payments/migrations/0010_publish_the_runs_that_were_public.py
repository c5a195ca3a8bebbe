"""Until now a run was public from the moment that it was certified; what was public stays so."""

from django.db import migrations


def publish_certified_runs(apps, schema_editor):
    runs = apps.get_model("payments", "PaymentRun").objects.filter(status="certified", publication=None)
    apps.get_model("payments", "RunPublication").objects.bulk_create(
        apps.get_model("payments", "RunPublication")(
            run_id=run.pk, published_at=run.certified_at, published_by_id=run.certified_by_id
        )
        for run in runs
    )


class Migration(migrations.Migration):
    dependencies = [("payments", "0009_publish_a_run")]

    operations = [migrations.RunPython(publish_certified_runs, migrations.RunPython.noop)]
