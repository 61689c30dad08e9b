//! English nouns in the names of models and fields: one or several of what they name.

/// What a noun's form tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    One,
    Several,
    /// It has one form for both, stands for many by itself, or is no noun that is known to be one.
    Either,
}

/// Plurals that follow no rule.
const IRREGULAR: &[(&str, &str)] = &[
    ("child", "children"),
    ("person", "people"),
    ("man", "men"),
    ("woman", "women"),
    ("foot", "feet"),
    ("tooth", "teeth"),
    ("goose", "geese"),
    ("mouse", "mice"),
    ("ox", "oxen"),
    ("die", "dice"),
    ("quiz", "quizzes"),
    ("half", "halves"),
    ("calf", "calves"),
    ("knife", "knives"),
    ("leaf", "leaves"),
    ("life", "lives"),
    ("loaf", "loaves"),
    ("scarf", "scarves"),
    ("self", "selves"),
    ("shelf", "shelves"),
    ("thief", "thieves"),
    ("wife", "wives"),
    ("wolf", "wolves"),
    ("hero", "heroes"),
    ("potato", "potatoes"),
    ("tomato", "tomatoes"),
    ("echo", "echoes"),
    ("veto", "vetoes"),
    ("torpedo", "torpedoes"),
    ("embargo", "embargoes"),
    ("stomach", "stomachs"),
    ("epoch", "epochs"),
    ("tech", "techs"),
    ("monarch", "monarchs"),
    ("patriarch", "patriarchs"),
    ("alumnus", "alumni"),
    ("stimulus", "stimuli"),
    ("nucleus", "nuclei"),
    ("fungus", "fungi"),
    ("cactus", "cacti"),
    ("locus", "loci"),
    ("genus", "genera"),
    ("corpus", "corpora"),
    ("criterion", "criteria"),
    ("phenomenon", "phenomena"),
    ("bacterium", "bacteria"),
    ("stratum", "strata"),
    ("appendix", "appendices"),
    ("matrix", "matrices"),
    ("vertex", "vertices"),
    ("vortex", "vortices"),
    ("axis", "axes"),
    ("analysis", "analyses"),
    ("basis", "bases"),
    ("crisis", "crises"),
    ("diagnosis", "diagnoses"),
    ("emphasis", "emphases"),
    ("hypothesis", "hypotheses"),
    ("oasis", "oases"),
    ("parenthesis", "parentheses"),
    ("prognosis", "prognoses"),
    ("synopsis", "synopses"),
    ("synthesis", "syntheses"),
    ("thesis", "theses"),
];

/// Second plurals of words that have another above, or a regular one.
const OTHER_PLURALS: &[(&str, &str)] = &[
    ("index", "indices"),
    ("person", "persons"),
    ("appendix", "appendixes"),
    ("matrix", "matrixes"),
    ("vertex", "vertexes"),
    ("cactus", "cactuses"),
    ("radius", "radii"),
    ("syllabus", "syllabi"),
    ("focus", "foci"),
    ("schema", "schemata"),
    ("formula", "formulae"),
    ("antenna", "antennae"),
    ("alumna", "alumnae"),
    ("curriculum", "curricula"),
    ("memorandum", "memoranda"),
    ("addendum", "addenda"),
    ("millennium", "millennia"),
    ("spectrum", "spectra"),
    ("quantum", "quanta"),
    ("automaton", "automata"),
    ("scarf", "scarfs"),
    ("penny", "pence"),
];

/// One form for one and several, or for a mass.
const UNCHANGED: &[&str] = &[
    "advice",
    "aircraft",
    "audio",
    "cash",
    "chassis",
    "content",
    "corps",
    "data",
    "deer",
    "equipment",
    "evidence",
    "feedback",
    "firmware",
    "fish",
    "furniture",
    "hardware",
    "headquarters",
    "homework",
    "information",
    "knowledge",
    "luggage",
    "malware",
    "media",
    "merchandise",
    "metadata",
    "middleware",
    "money",
    "moose",
    "multimedia",
    "music",
    "news",
    "offspring",
    "progress",
    "series",
    "sheep",
    "software",
    "spacecraft",
    "spam",
    "species",
    "traffic",
    "weather",
];

/// What is said of one thing and of many alike: collections, masses, words that are only used in the plural, and
/// adjectives that stand for what they describe.
const EITHER: &[&str] = &[
    "accounting",
    "active",
    "all",
    "alms",
    "analytics",
    "basics",
    "billing",
    "collection",
    "contents",
    "credentials",
    "details",
    "earnings",
    "economics",
    "electronics",
    "ethics",
    "following",
    "goods",
    "graphics",
    "history",
    "hours",
    "inactive",
    "inventory",
    "list",
    "live",
    "logistics",
    "mathematics",
    "mechanics",
    "mine",
    "metrics",
    "next",
    "options",
    "other",
    "own",
    "parameters",
    "params",
    "pending",
    "physics",
    "politics",
    "preferences",
    "premises",
    "previous",
    "privacy",
    "proceeds",
    "prefs",
    "queue",
    "sales",
    "savings",
    "sent",
    "set",
    "settings",
    "staff",
    "statistics",
    "stats",
    "terms",
    "thanks",
    "theirs",
];

/// Singular nouns, names and other words in `s` that no ending gives away, and those whose plural ends in `uses` or `ases`.
const SINGULAR_IN_S: &[&str] = &[
    "abacus",
    "alias",
    "always",
    "apparatus",
    "asbestos",
    "atlas",
    "bias",
    "biceps",
    "bonus",
    "bus",
    "campus",
    "canvas",
    "census",
    "chaos",
    "chorus",
    "christmas",
    "circus",
    "consensus",
    "cosmos",
    "devops",
    "ethos",
    "fetus",
    "focus",
    "gas",
    "hiatus",
    "iris",
    "jenkins",
    "kansas",
    "kubernetes",
    "lens",
    "lotus",
    "mars",
    "minus",
    "nexus",
    "octopus",
    "opus",
    "pathos",
    "plus",
    "postgres",
    "prospectus",
    "radius",
    "rebus",
    "redis",
    "rhinoceros",
    "sans",
    "sinus",
    "status",
    "summons",
    "surplus",
    "syllabus",
    "tennis",
    "terminus",
    "texas",
    "thesaurus",
    "travis",
    "trellis",
    "versus",
    "virus",
    "walrus",
    "windows",
    "yes",
];

/// Plurals in `us` and `is`, where other words are singular.
const PLURAL_IN_US_OR_IS: &[&str] = &[
    "alibis", "apis", "bikinis", "bureaus", "emojis", "emus", "guis", "gurus", "haikus", "khakis", "kiwis",
    "kpis", "menus", "plateaus", "pois", "rabbis", "safaris", "skis", "skus", "submenus", "taxis", "thous",
    "uris", "wikis",
];

/// Nouns in `ie`: their plural looks as if it came from a `y`.
const IN_IE: &[&str] = &[
    "brownie", "calorie", "cookie", "genie", "hoodie", "indie", "lie", "movie", "pie", "prairie", "rookie",
    "selfie", "smoothie", "tie", "zombie",
];

/// Nouns in `che`: their plural looks as if it came from a `ch`.
const IN_CHE: &[&str] = &["ache", "avalanche", "cache", "creche", "headache", "moustache", "niche", "quiche"];

const PREPOSITIONS: &[&str] =
    &["as", "at", "by", "for", "from", "in", "of", "off", "on", "out", "over", "to", "under", "up", "with"];

/// Nouns in `ed`, where other words are participles: `reviewed`.
const IN_ED: &[&str] = &["bed", "breed", "embed", "feed", "need", "seed", "shed", "speed"];

/// The plural of a singular noun in lower case.
pub fn plural(word: &str) -> String {
    if UNCHANGED.contains(&word) {
        return word.to_owned();
    }
    if let Some(plural) = of_last(word, IRREGULAR.iter().map(|(one, several)| (*one, *several))) {
        return plural;
    }
    let human = ["human", "german", "roman", "talisman", "ottoman", "shaman"].contains(&word);
    match word {
        _ if word.ends_with("man") && !human => replaced(word, "man", "men"),
        _ if word.ends_with('y') && before_is_consonant(word, "y") => replaced(word, "y", "ies"),
        _ if ["s", "x", "z", "ch", "sh"].iter().any(|end| word.ends_with(end)) => format!("{word}es"),
        _ => format!("{word}s"),
    }
}

/// The singular of a plural noun in lower case.
pub fn singular(word: &str) -> String {
    if UNCHANGED.contains(&word) {
        return word.to_owned();
    }
    let irregular = IRREGULAR.iter().chain(OTHER_PLURALS).map(|(one, several)| (*several, *one));
    if let Some(singular) = of_last(word, irregular) {
        return singular;
    }
    let without = |end: &str| word.strip_suffix(end).unwrap_or(word).to_owned();
    match word {
        _ if word.ends_with("men") => replaced(word, "men", "man"),
        _ if word.ends_with("ies") && !IN_IE.contains(&&*without("s")) => replaced(word, "ies", "y"),
        _ if word.ends_with("ches") && !IN_CHE.contains(&&*without("s")) => without("es"),
        _ if ["sses", "shes", "xes", "zzes"].iter().any(|end| word.ends_with(end)) => without("es"),
        _ if SINGULAR_IN_S.contains(&&*without("es")) => without("es"),
        _ => without("s"),
    }
}

/// Does a noun in lower case name one or several?
pub fn number(word: &str) -> Number {
    let is_word = word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    if !is_word || [UNCHANGED, EITHER, PREPOSITIONS].iter().any(|list| list.contains(&word)) {
        return Number::Either;
    }
    let irregular = || IRREGULAR.iter().chain(OTHER_PLURALS);
    if irregular().any(|(_, several)| *several == word) || PLURAL_IN_US_OR_IS.contains(&word) {
        return Number::Several;
    }
    if SINGULAR_IN_S.contains(&word) || irregular().any(|(one, _)| *one == word) {
        return Number::One;
    }
    let is_men = word.ends_with("men") && !["specimen", "regimen", "acumen", "abdomen"].contains(&word);
    match word {
        // An abbreviation: `gps`, `dns`, `ids`.
        _ if word.len() == 3 && word.ends_with('s') => Number::Either,
        _ if is_men => Number::Several,
        _ if ["ss", "us", "is"].iter().any(|end| word.ends_with(end)) => Number::One,
        _ if word.ends_with('s') => Number::Several,
        _ if word.ends_with("ed") && !IN_ED.contains(&word) => Number::Either,
        _ => Number::One,
    }
}

/// The right plural, where a word is a wrong one: `categorys`, `boxs`, `childs`, `datas`.
pub fn misspelt_plural(word: &str) -> Option<String> {
    if number(word) != Number::Several || OTHER_PLURALS.iter().any(|(_, several)| *several == word) {
        return None;
    }
    let right = plural(&singular(word));
    (right != word).then_some(right)
}

/// Is a noun behind it not what a name is about? `invoices_in_draft` are no drafts.
pub fn is_preposition(word: &str) -> bool {
    PREPOSITIONS.contains(&word)
}

/// `order`, `item` → `OrderItem`
pub fn pascal_case(words: &[String]) -> String {
    let capital = |word: &String| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_uppercase().chain(chars).collect::<String>()).unwrap_or_default()
    };
    words.iter().map(capital).collect()
}

/// The words of a name in either case: `OrderItem`, `order_item` → `order`, `item`; `HTTPLog` → `http`, `log`.
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let chars: Vec<char> = name.chars().collect();
    let mut in_word = false;
    for (at, own) in chars.iter().enumerate() {
        if *own == '_' {
            in_word = false;
            continue;
        }
        let before_is_lower = at > 0 && !chars[at - 1].is_uppercase();
        let next_is_lower = chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        let begins = !in_word || (own.is_uppercase() && (before_is_lower || next_is_lower));
        let own = own.to_lowercase();
        match words.last_mut().filter(|_| !begins) {
            Some(word) => word.extend(own),
            None => words.push(own.collect()),
        }
        in_word = true;
    }
    words
}

/// A name in `snake_case` with its last word in the plural: `BlogPost` → `blog_posts`, `UserSettings` → `user_settings`.
pub fn plural_name(name: &str) -> String {
    let is_plural = |word: &str| number(word) != Number::One && word.ends_with('s');
    with_last(name, |word| {
        if is_plural(word) || number(word) == Number::Several { word.to_owned() } else { plural(word) }
    })
}

/// A name in `snake_case` with its last word changed.
pub fn with_last(name: &str, change: impl Fn(&str) -> String) -> String {
    let mut words = words(name);
    if let Some(last) = words.last_mut() {
        *last = change(last);
    }
    words.join("_")
}

/// Of a word that is one of these, or a compound of one (`grandchild`), the other form.
fn of_last<'a>(word: &str, mut pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Option<String> {
    pairs.find_map(|(end, other)| {
        let before = word.strip_suffix(end)?;
        (before.is_empty() || COMPOUNDS.contains(&before)).then(|| format!("{before}{other}"))
    })
}

/// What stands before an irregular noun in one word.
const COMPOUNDS: &[&str] = &["grand", "god", "step", "house", "book"];

fn replaced(word: &str, end: &str, other: &str) -> String {
    format!("{}{other}", word.strip_suffix(end).unwrap_or(word))
}

/// Is the letter before this ending a consonant (`category`, not `day`)?
fn before_is_consonant(word: &str, end: &str) -> bool {
    let before = word.strip_suffix(end).unwrap_or(word);
    before.ends_with("qu") || before.chars().next_back().is_some_and(|letter| !"aeiou".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where inflect is wrong, or gives the rarer of two plurals.
    const OURS: &[&str] = &["appendix", "epoch", "matrix", "tech", "thief", "vertex"];

    #[test]
    fn plurals_and_singulars_are_those_of_inflect() {
        let table: Vec<(String, String)> =
            serde_json::from_str(include_str!("../../tests/data/english_plurals.json")).unwrap();
        assert!(table.len() > 350);
        let mut wrong = Vec::new();
        for (one, several) in table.iter().filter(|(one, _)| !OURS.contains(&&**one)) {
            if plural(one) != *several {
                wrong.push(format!("{one}: {} is no {several}", plural(one)));
            }
            let one_of_two = one == "base" || one == several;
            if singular(several) != *one && !one_of_two {
                wrong.push(format!("{several}: {} is no {one}", singular(several)));
            }
            let is = (number(one), number(several));
            let known = is == (Number::One, Number::Several);
            if !known && is.0 != Number::Either && !is.1.eq(&Number::Either) {
                wrong.push(format!("{one}, {several}: {is:?}"));
            }
            if let Some(right) = misspelt_plural(several) {
                wrong.push(format!("{several} is taken for {right}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_word_in_s_may_be_one_and_a_word_without_may_be_many() {
        for one in ["lens", "canvas", "alias", "status", "address", "analysis", "process", "access", "bus"] {
            assert_eq!(number(one), Number::One, "{one}");
        }
        for several in ["people", "children", "criteria", "indices", "alumni", "analyses", "menus", "taxis"] {
            assert_eq!(number(several), Number::Several, "{several}");
            assert_eq!(misspelt_plural(several), None, "{several}");
        }
        for either in ["data", "media", "settings", "metrics", "news", "gps", "x", "line2", "reviewed", "of"]
        {
            assert_eq!(number(either), Number::Either, "{either}");
        }
    }

    #[test]
    fn a_plural_that_only_got_an_s_is_misspelt() {
        for (wrong, right) in [
            ("categorys", "categories"),
            ("boxs", "boxes"),
            ("childs", "children"),
            ("datas", "data"),
            ("equipments", "equipment"),
            ("matchs", "matches"),
        ] {
            assert_eq!(misspelt_plural(wrong).as_deref(), Some(right));
        }
    }

    #[test]
    fn names_are_split_into_words_in_either_case() {
        for (name, expected) in [
            ("OrderItem", "order item"),
            ("order_item", "order item"),
            ("HTTPLog", "http log"),
            ("UserID", "user id"),
            ("Line2Item", "line2 item"),
            ("_Base", "base"),
        ] {
            assert_eq!(words(name).join(" "), expected, "{name}");
        }
        assert_eq!(plural_name("BlogCategory"), "blog_categories");
        assert_eq!(plural_name("UserSettings"), "user_settings");
    }
}
