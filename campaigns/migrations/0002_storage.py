"""What the models cannot say. Written by hand, so that 0001_schema can be generated."""

from django.db import migrations


def leave_room(apps, schema_editor):
    """Every message is written again when its receipt comes. On PostgreSQL, with room for the new version on
    the same page, its indexes are then left alone; SQLite rewrites in place."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE campaigns_message SET (fillfactor = 75)")


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_schema")]

    operations = [migrations.RunPython(leave_room, migrations.RunPython.noop)]
