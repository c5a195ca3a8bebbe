from django.db import migrations, models
from django.db.models import F, Q

# Periods opened before this held the law's day as due, but for the yearly ones, due on a day of practice.
FILL = """
    UPDATE transactions_filingperiod SET law_due_on = CASE
        WHEN cadence = 'annual' THEN make_date(date_part('year', last_day)::int, 3, 8)
        ELSE due_on
    END
"""


class Migration(migrations.Migration):
    dependencies = [
        ("transactions", "0004_counts_are_found_by_one_index"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="filingperiod", name="filing_period_dates_in_order"),
        migrations.AddField(
            model_name="filingperiod",
            name="law_due_on",
            field=models.DateField(null=True),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="filingperiod",
            name="law_due_on",
            field=models.DateField("last day on time by the law, to 23:59:59 Eastern"),
        ),
        migrations.AlterField(
            model_name="filingperiod",
            name="due_on",
            field=models.DateField("day by which libraries are asked to file, to 23:59:59 Eastern"),
        ),
        migrations.AddConstraint(
            model_name="filingperiod",
            constraint=models.CheckConstraint(
                condition=(
                    Q(first_day__lte=F("last_day"))
                    & Q(last_day__lt=F("law_due_on"))
                    & Q(last_day__lt=F("due_on"))
                    & Q(due_on__lte=F("accepted_until"))
                    & Q(accepted_until__lte=F("closes_on"))
                ),
                name="filing_period_dates_in_order",
            ),
        ),
    ]
