//! Fields as they are written somewhere else than in the migration itself.

use red_panda::standin::sample::Sample;

#[test]
fn a_field_in_a_helper_is_what_the_helper_imports() {
    let helpers = "from django.db import migrations\n\nfrom .fields import Slug\n\n\ndef slug():\n    \
                   return migrations.AddField('plot', 'slug', Slug(max_length=5))\n";
    let fields = "from django.db import models\n\n\nclass Slug(models.CharField):\n    pass\n";
    let initial = "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    \
                   operations = [migrations.CreateModel('Plot', [('id', models.AutoField(primary_key=True))])]\n";
    let add = "from django.db import migrations\n\nfrom core import helpers\n\n\nclass Migration(migrations.Migration):\n    \
               dependencies = [('trees', '0001_initial')]\n    operations = [helpers.slug()]\n";
    let base = [
        ("manage.py", ""),
        ("core/__init__.py", ""),
        ("core/helpers.py", helpers),
        ("core/fields.py", fields),
        ("trees/migrations/0001_initial.py", initial),
    ];
    let head = [&base[..], &[("trees/migrations/0002_slug.py", add)]].concat();
    let findings = Sample::new(&base, &head).judge().findings;
    assert!(findings.iter().any(|r| r.finding.code == "MIG006"), "{findings:?}");
}
