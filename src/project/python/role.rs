//! What a Python file is for, by its path alone.

use crate::source::tree::{file_name, folder};

/// Does it only run when tests do?
pub fn is_test(path: &str) -> bool {
    let name = file_name(path);
    let stem = name.strip_suffix(".py").unwrap_or(name);
    stem.starts_with("test_")
        || stem.ends_with("_test")
        || matches!(stem, "test" | "tests" | "conftest" | "factories" | "runtests")
        || folder(path).split('/').any(is_test_folder)
}

fn is_test_folder(part: &str) -> bool {
    matches!(
        part,
        "test" | "tests" | "testing" | "e2e" | "testapp" | "test_app" | "testproject" | "test_project"
    )
}

/// Is it run by hand, as a command of `manage.py` or a script beside the project?
pub fn is_command(path: &str) -> bool {
    folder(path).ends_with("management/commands")
        || folder(path).split('/').any(|part| matches!(part, "scripts" | "script" | "bin"))
}

#[cfg(test)]
mod tests {
    use super::is_test;

    #[test]
    fn tests_are_told_by_their_names_and_folders() {
        for path in ["a/tests.py", "a/tests/x.py", "tests/a/b.py", "test_a.py", "a/b_test.py", "conftest.py"]
        {
            assert!(is_test(path), "{path}");
        }
        for path in ["a/views.py", "contest/models.py", "a/testimonials.py", "latest/views.py", "attest.py"] {
            assert!(!is_test(path), "{path}");
        }
    }
}
