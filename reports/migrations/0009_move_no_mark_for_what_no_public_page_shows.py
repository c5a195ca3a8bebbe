from django.db import migrations

# Where one belongs, it is put there again after the migrations (connecticard/published_tables.py).
GONE = "DROP TRIGGER IF EXISTS moves_the_published_mark_on ON "
TABLES = (
    "reports_givencirculation",
    "reports_logo",
    "transactions_deliverycount",
    "transactions_deliveryreport",
    "transactions_deliverytally",
)


class Migration(migrations.Migration):

    dependencies = [
        ('reports', '0008_assume_what_a_bin_holds'),
        ('transactions', '0015_delivery_reports'),
    ]

    operations = [
        migrations.RunSQL([GONE + table for table in TABLES], migrations.RunSQL.noop),
    ]
