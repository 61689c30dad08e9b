//! What a person can ask for in a comment.

/// The one command there is.
const RECHECK: &str = "/red-panda recheck";

/// Does a comment ask to look again? Only a line that is nothing but the command does: not a quoted one, and not one
/// inside code.
pub fn asks_recheck(body: &str) -> bool {
    let mut fence: Option<&str> = None;
    for line in body.lines() {
        let text = line.trim();
        match fence {
            Some(open) if text.starts_with(open) => fence = None,
            Some(_) => {}
            None => match ["```", "~~~"].into_iter().find(|f| text.starts_with(f)) {
                Some(open) => fence = Some(open),
                None if text == RECHECK && !is_indented_code(line) => return true,
                None => {}
            },
        }
    }
    false
}

fn is_indented_code(line: &str) -> bool {
    line.starts_with("    ") || line.trim_start_matches(' ').starts_with('\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_its_own_is_a_command() {
        for body in [
            "/red-panda recheck",
            "Thanks.\r\n\r\n  /red-panda recheck  \r\n",
            "```\ncode\n```\n/red-panda recheck",
        ] {
            assert!(asks_recheck(body), "{body}");
        }
    }

    #[test]
    fn quoting_or_mentioning_it_is_none() {
        for body in [
            "> /red-panda recheck",
            "look again: `/red-panda recheck`",
            "```\n/red-panda recheck\n```",
            "~~~text\n/red-panda recheck",
            "    /red-panda recheck",
            "/red-panda recheck now",
            "/red-panda",
            "",
        ] {
            assert!(!asks_recheck(body), "{body}");
        }
    }
}
