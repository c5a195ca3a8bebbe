from django.db import migrations
from django.db.backends.postgresql.psycopg_any import DateRange

GUIDE = "State Library guide to borrowIT CT: how the payments of fiscal year 2022 were spent"
PURPOSES = "Regs. Conn. State Agencies § 11-31c-1(i), 11-31c-4(d)"
SHIPPED = [
    ("materials", "Materials", GUIDE),
    ("automation", "Automation", GUIDE),
    ("supplies", "Supplies", GUIDE),
    ("furniture_and_equipment", "Furniture and equipment", GUIDE),
    ("staff", "Staff", PURPOSES),
    ("programs_and_services", "Programs and services", PURPOSES),
    ("training", "Training", PURPOSES),
    ("building_operation", "Running and repairing buildings", PURPOSES),
    ("construction", "Construction, alteration or remodeling", PURPOSES),
    ("land", "Land", PURPOSES),
    ("other", "Other library purposes", GUIDE),
]


def put_on_record(apps, schema_editor):
    categories = apps.get_model("payments", "ExpenditureCategory")
    for place, (code, name, authority) in enumerate(SHIPPED, start=1):
        categories.objects.get_or_create(
            code=code,
            defaults={
                "name": name,
                "position": place * 10,
                "valid": DateRange(None, None),
                "authority": authority,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("payments", "0016_keep_expenditure_categories")]
    operations = [migrations.RunPython(put_on_record, migrations.RunPython.noop)]
