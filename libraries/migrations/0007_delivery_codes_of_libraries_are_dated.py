"""Keep the codes that libraries bore as codes of their sites, which are dated."""

from django.db import migrations
from django.db.backends.postgresql.psycopg_any import DateRange


def move(apps, schema_editor):
    site_model = apps.get_model("libraries", "DeliverySite")
    codes = apps.get_model("libraries", "DeliveryCode").objects
    for library in apps.get_model("libraries", "Library").objects.exclude(delivery_code=""):
        site, _ = site_model.objects.get_or_create(
            library=library,
            defaults={
                "key": library.key,
                "name": library.name,
                "kind": "public",
                "valid": DateRange(None, None),
            },
        )
        plain = "".join(letter for letter in library.delivery_code.upper() if letter.isalnum() or letter == "-")
        route = plain[0] if plain[:1].isalpha() and plain[:1].isascii() and len(plain) > 1 else ""
        number = plain[len(route) :][:11]
        note = f"Recorded as {library.delivery_code}, without a day."
        taken = codes.filter(route=route, number=number).exists()
        if number.isascii() and number and not taken and not codes.filter(site=site).exists():
            codes.create(site=site, route=route, number=number, valid=DateRange(None, None), note=note)
        else:
            site.note = f"{site.note} {note}".strip()[:250]
            site.save()


class Migration(migrations.Migration):
    dependencies = [("libraries", "0006_how_libraries_are_reached_and_fined")]

    operations = [migrations.RunPython(move, migrations.RunPython.noop)]
