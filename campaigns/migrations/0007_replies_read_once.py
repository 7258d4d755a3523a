from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0006_opt_outs_know_their_account'),
    ]

    operations = [
        migrations.AddField(
            model_name='optout',
            name='replies',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='optout',
            name='asked_of',
            field=models.CharField(blank=True, max_length=16),
        ),
    ]
