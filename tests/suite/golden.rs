//! A project that keeps the whole standard (`tests/golden`): no rule speaks of it, nor of everyday changes to it.

use std::fs;
use std::path::Path;

use red_panda::standin::sample::{Files, Sample};

use crate::documents::root;

/// Every file of the project.
fn project() -> Files {
    let mut files = Files::new();
    let top = root().join("tests/golden");
    read(&top, &top, &mut files);
    assert!(files.len() > 40, "{:?}", files.keys());
    files
}

fn read(top: &Path, folder: &Path, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(top, &path, files);
        } else {
            let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}

/// What is said of a change from one set of files to another; nothing may be left out.
fn said(base: Files, head: Files) -> Vec<String> {
    let judgement = Sample { base, head, ..Sample::default() }.judge();
    assert!(judgement.not_looked_at.is_empty(), "{:?}", judgement.not_looked_at);
    let findings = judgement.findings.iter().map(|r| &r.finding);
    findings.map(|f| format!("{} {} {:?}: {}", f.code, f.severity, f.place, f.headline)).collect()
}

#[test]
fn nothing_is_said_of_a_project_that_keeps_the_standard() {
    let said = said(Files::new(), project());
    assert!(said.is_empty(), "{}", said.join("\n"));
}

/// What a change does to a file: replaces a text that is there once, or makes a new file.
enum Edit {
    Replace(&'static str, &'static str, &'static str),
    Add(&'static str, &'static str),
}

use Edit::{Add, Replace};

const MODELS: &str = "project/plots/models.py";
const VIEWS: &str = "project/plots/views.py";
const URLS: &str = "project/plots/urls.py";

/// A title and what it does. Each is what somebody of this project would open as a pull request.
fn changes() -> Vec<(&'static str, Vec<Edit>)> {
    vec![
        (
            "a field with its migration",
            vec![
                Replace(
                    MODELS,
                    "    is_active = models",
                    "    has_water = models.BooleanField(default=False)\n    is_active = models",
                ),
                Add(
                    "project/plots/migrations/0002_add_has_water_to_plot.py",
                    "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n\
                     \x20   dependencies = [(\"plots\", \"0001_initial\")]\n    operations = [\n\
                     \x20       migrations.AddField(\"plot\", \"has_water\", models.BooleanField(default=False)),\n    ]\n",
                ),
                Replace(
                    "project/plots/tests/test_models.py",
                    "        self.assertEqual(str(plot), \"By the wall\")\n",
                    "        self.assertEqual(str(plot), \"By the wall\")\n        self.assertFalse(plot.has_water)\n",
                ),
            ],
        ),
        (
            "a view with its route and its test",
            vec![
                Replace(
                    VIEWS,
                    "@login_required\n@require_POST\n",
                    "@login_required\n@require_POST\ndef plot_leave(request: HttpRequest, short_id: str) -> HttpResponse:\n    \"\"\"Give a plot back.\n\n    :param request: the gardener's request.\n    :param short_id: the plot's public id.\n    :returns: the way to the list.\n    \"\"\"\n    plot = get_object_or_404(Plot, short_id=short_id, gardener=request.user)\n    plot.gardener = None\n    plot.save(update_fields=[\"gardener\", \"updated_at\"])\n    return redirect(\"plots:plot_list\")\n\n\n@login_required\n@require_POST\n",
                ),
                Replace(
                    URLS,
                    "    path(\"<str:short_id>/take/\"",
                    "    path(\"<str:short_id>/leave/\", views.plot_leave, name=\"plot_leave\"),\n    path(\"<str:short_id>/take/\"",
                ),
                Replace(
                    "project/plots/tests/test_views.py",
                    "    def test_lists_free_plots",
                    "    def test_leave(self) -> None:\n        response = self.client.post(reverse(\"plots:plot_leave\", args=[self.plot.short_id]))\n        self.assertEqual(response.status_code, 302)\n\n    def test_lists_free_plots",
                ),
            ],
        ),
        (
            "a longer form",
            vec![
                Replace(
                    "project/plots/forms.py",
                    "[\"crop\", \"planted_on\"]",
                    "[\"crop\", \"planted_on\", \"watered_on\"]",
                ),
                Replace(
                    "project/plots/tests/test_forms.py",
                    "        self.assertIn(\"planted_on\"",
                    "        self.assertNotIn(\"watered_on\", PlantingForm({\"crop\": \"Kale\"}).errors)\n        self.assertIn(\"planted_on\"",
                ),
            ],
        ),
        ("another page size", vec![Replace(VIEWS, "PAGE = 50", "PAGE = 25")]),
        ("a longer wait", vec![Replace("project/plots/tasks.py", "timeout=10", "timeout=20")]),
        (
            "a setting",
            vec![
                Replace(
                    "project/config/settings.py",
                    "USE_TZ = True\n",
                    "USE_TZ = True\nTIME_ZONE = env(\"TIME_ZONE\", default=\"UTC\")\n",
                ),
                Replace(
                    ".env.example",
                    "# --- Weather",
                    "# Consumed by: app, worker\nTIME_ZONE=UTC\n\n# --- Weather",
                ),
            ],
        ),
        (
            "a service",
            vec![
                Replace(
                    "project/plots/services.py",
                    "def take(",
                    "def is_free(plot: Plot) -> bool:\n    \"\"\"Tell whether nobody tends a plot.\n\n    :param plot: any plot.\n    \"\"\"\n    return plot.status == Plot.Status.FREE\n\n\ndef take(",
                ),
                Replace(
                    "project/plots/tests/test_services.py",
                    "        take(plot, gardener)\n",
                    "        self.assertTrue(is_free(plot))\n        take(plot, gardener)\n",
                ),
                Replace("project/plots/tests/test_services.py", "import take", "import is_free, take"),
            ],
        ),
        (
            "a method of a model",
            vec![
                Replace(
                    MODELS,
                    "    def __str__(self) -> str:\n        return self.name",
                    "    def __str__(self) -> str:\n        return self.name\n\n    def is_free(self) -> bool:\n        return self.status == self.Status.FREE",
                ),
                Replace(
                    "project/plots/tests/test_models.py",
                    "        self.assertIn(plot.short_id",
                    "        self.assertTrue(plot.is_free())\n        self.assertIn(plot.short_id",
                ),
            ],
        ),
        (
            "a page",
            vec![Replace(
                "project/templates/plots/plot_detail.html",
                "<p>{{ plot.description }}</p>",
                "<p>{{ plot.description|linebreaks }}</p>",
            )],
        ),
        (
            "a template for the local run",
            vec![Replace("project/.env.example", "DEBUG=False\n", "DEBUG=False\nALLOWED_HOSTS=localhost\n")],
        ),
        ("words", vec![Replace("README.md", "Plots of a community garden", "The plots of our garden")]),
        (
            "a new app",
            vec![
                Add("project/tools/__init__.py", "\"\"\"Tools that are lent.\"\"\"\n"),
                Add(
                    "project/tools/apps.py",
                    "\"\"\"The app `tools`.\"\"\"\n\nfrom django.apps import AppConfig\n\n\nclass ToolsConfig(AppConfig):\n    \"\"\"Tools and who has them.\"\"\"\n\n    name = \"tools\"\n",
                ),
                Add(
                    "project/tools/calendar.py",
                    "\"\"\"When tools are due.\"\"\"\n\nimport datetime\n\n\ndef due_on(lent_on: datetime.date) -> datetime.date:\n    \"\"\"Tell when a tool is to be back.\n\n    :param lent_on: the day on which it was lent.\n    \"\"\"\n    return lent_on + datetime.timedelta(days=14)\n",
                ),
                Add("project/tools/tests/__init__.py", "\"\"\"Tests of `tools`.\"\"\"\n"),
                Add(
                    "project/tools/tests/test_calendar.py",
                    "\"\"\"Tests of the calendar.\"\"\"\n\nimport datetime\n\nfrom django.test import SimpleTestCase\n\nfrom tools.calendar import due_on\n\n\nclass DueTests(SimpleTestCase):\n    \"\"\"A tool is lent for two weeks.\"\"\"\n\n    def test_due(self) -> None:\n        self.assertEqual(due_on(datetime.date(2026, 4, 1)), datetime.date(2026, 4, 15))\n",
                ),
                Replace("project/config/settings.py", "    \"plots\",\n", "    \"plots\",\n    \"tools\",\n"),
            ],
        ),
    ]
}

#[test]
fn everyday_changes_to_it_are_silent() {
    for (title, edits) in changes() {
        let base = project();
        let mut head = base.clone();
        for edit in edits {
            match edit {
                Add(path, text) => drop(head.insert(path.to_owned(), text.into())),
                Replace(path, old, new) => {
                    let text = String::from_utf8(head[path].clone()).unwrap();
                    assert!(text.contains(old), "{title}: {path} does not hold {old}");
                    head.insert(path.to_owned(), text.replacen(old, new, 1).into_bytes());
                }
            }
        }
        assert_ne!(base, head, "{title}");
        let said = said(base, head);
        assert!(said.is_empty(), "{title}:\n{}", said.join("\n"));
    }
}
