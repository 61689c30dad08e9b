//! The word that a misspelt one was meant to be.

/// No word that is known here is longer.
const MAX_WORD: usize = 100;

/// The known word that is at most two edits away.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distances = known.into_iter().map(|known| (distance(word, known), known));
    distances.filter(|(edits, _)| *edits <= 2).min_by_key(|(edits, _)| *edits).map(|(_, known)| known)
}

/// How many characters are to be added, taken out or replaced: Levenshtein's distance of the words' beginnings.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(MAX_WORD).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(MAX_WORD).enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = row[j] + usize::from(x != *y);
            next.push(replaced.min(row[j + 1] + 1).min(next[j] + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_two_edits_away_at_most() {
        let known = ["rules", "review", "reviews"];
        assert_eq!(nearest("rulez", known), Some("rules"));
        assert_eq!(nearest("reviws", known), Some("reviews"));
        assert_eq!(nearest("rvw", known), None);
        assert_eq!(nearest("", known), None);
    }
}
