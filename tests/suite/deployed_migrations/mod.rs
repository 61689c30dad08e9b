//! MIG001, MIG002 and the packages they look at, as the histories of real projects have them.

mod edits;
mod modern;
mod new;
mod removals;

use red_panda::model::finding::{Finding, Severity};
use red_panda::standin::sample::Sample;

pub(crate) const MANAGE: (&str, &str) =
    ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'dojo.settings.settings')\n");

pub(crate) fn judged(sample: &Sample, code: &str) -> Vec<Finding> {
    let findings = sample.judge().findings.into_iter().map(|r| r.finding);
    findings.filter(|f| f.code == code).collect()
}

/// What MIG001 says of one edited file.
pub(crate) fn edited(old: &str, new: &str) -> Vec<(Severity, String)> {
    const PATH: &str = "blog/migrations/0002_next.py";
    let found = judged(&Sample::new(&[(PATH, old)], &[(PATH, new)]), "MIG001");
    found.into_iter().map(|f| (f.severity, f.headline)).collect()
}

pub(crate) fn migration(top: &str, body: &str) -> String {
    format!(
        "from django.db import connection, migrations, models\n{top}\n\n\nclass Migration(migrations.Migration):\n{body}\n"
    )
}

pub(crate) const FILL: &str =
    "def fill(apps, schema_editor):\n    apps.get_model('dojo', 'Test').objects.update(a=1)\n";
