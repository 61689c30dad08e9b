//! Which globs may be compiled: the compiler follows braces as deep as they go, and past the end of the stack the whole
//! process is gone.

/// No glob that a person writes is longer, in bytes.
const LONGEST: usize = 1_000;

/// Nor has it more braces.
const MOST_BRACES: usize = 20;

/// May it be compiled? It can come from a pull request of anybody.
pub fn is_compilable(glob: &str) -> bool {
    glob.len() <= LONGEST && glob.matches('{').count() <= MOST_BRACES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_glob_of_this_size_compiles() {
        let (open, closed) = ("{".repeat(MOST_BRACES), "}".repeat(MOST_BRACES));
        for glob in
            [format!("{open}a{closed}"), "?".repeat(LONGEST), "*/".repeat(LONGEST / 2), "ä?".repeat(333)]
        {
            assert!(is_compilable(&glob));
            globset::Glob::new(&glob).unwrap().compile_matcher();
            assert!(!is_compilable(&format!("{{{glob}}}{}", "x".repeat(LONGEST))));
        }
        assert!(!is_compilable(&format!("{{{open}a{closed}}}")));
    }
}
