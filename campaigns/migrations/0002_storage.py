"""What the models cannot say. Written by hand, so that 0001_schema can be generated."""

from django.db import migrations


def leave_room(apps, schema_editor):
    """Every message is written again when its receipt comes. On PostgreSQL, with room for the new version on
    the same page, its indexes are then left alone; SQLite rewrites in place."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE campaigns_message SET (fillfactor = 75)")


def refuse_changes(apps, schema_editor):
    """The history is append-only. Deleting stays possible, because `flush` must empty every table."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE FUNCTION campaigns_history_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the history is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        schema_editor.execute(
            "CREATE TRIGGER campaigns_history_append_only BEFORE UPDATE ON campaigns_history "
            "FOR EACH ROW EXECUTE FUNCTION campaigns_history_refuse()"
        )
    else:
        schema_editor.execute(
            "CREATE TRIGGER campaigns_history_append_only BEFORE UPDATE ON campaigns_history "
            "BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END"
        )


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_schema")]

    operations = [
        migrations.RunPython(leave_room, migrations.RunPython.noop),
        migrations.RunPython(refuse_changes, migrations.RunPython.noop),
    ]
