//! What MIG014 says of the models that a data migration uses.

use red_panda::standin::sample::Sample;

#[test]
fn the_user_model_is_called_what_it_is() {
    let fill = "from django.contrib.auth import get_user_model\nfrom django.db import migrations\n\n\n\
                def fill(apps, schema_editor):\n    get_user_model().objects.first()\n\n\n\
                class Migration(migrations.Migration):\n    operations = [migrations.RunPython(fill, fill)]\n";
    let findings = Sample::new(&[], &[("blog/migrations/0001_fill_names.py", fill)]).judge().findings;
    let found = findings.iter().find(|r| r.finding.code == "MIG014").unwrap();
    assert_eq!(found.finding.headline, "`fill()` in `blog.0001_fill_names` uses the live user model");
    assert!(found.finding.consequence.starts_with("Once it has a column"));
}
