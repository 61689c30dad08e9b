use crate::model::catalogue;
use crate::model::finding::code;
use crate::rules::model::Model;
use crate::rules::python::Report;
use crate::rules::{Against, Look, Rule};
use crate::source::NotLoaded;

pub(super) static RULE: Rule = Rule {
    entry: &catalogue::MOD013,
    page: include_str!("abbreviated_field_name.md"),
    against: Against::ChangedLines,
    looks: &[Look::Model(check)],
};

/// Short words, and what they stand for.
const SHORT: &[(&str, &str)] = &[
    ("desc", "description"),
    ("addr", "address"),
    ("amt", "amount"),
    ("qty", "quantity"),
    ("num", "number"),
    ("pwd", "password"),
    ("passwd", "password"),
    ("usr", "user"),
    ("msg", "message"),
    ("txt", "text"),
    ("img", "image"),
    ("pic", "picture"),
    ("dept", "department"),
    ("mgr", "manager"),
    ("acct", "account"),
    ("bal", "balance"),
    ("dt", "date"),
    ("ts", "timestamp"),
    ("tmp", "temporary"),
    ("cfg", "configuration"),
    ("conf", "configuration"),
    ("param", "parameter"),
    ("attr", "attribute"),
    ("cnt", "count"),
    ("idx", "index"),
    ("req", "request"),
    ("resp", "response"),
    ("fname", "first_name"),
    ("lname", "last_name"),
    ("dob", "date_of_birth"),
    ("tel", "telephone"),
    ("ph", "phone"),
];

fn check(model: &Model<'_>, out: &mut Report<'_>) -> Result<(), NotLoaded> {
    for field in model.fields() {
        let whole = |word: &str| SHORT.iter().find(|(short, _)| *short == word).map(|(_, whole)| *whole);
        let words: Vec<&str> = field.name.split('_').collect();
        let Some(short) = words.iter().find(|word| whole(word).is_some()) else { continue };
        let spelled: Vec<&str> = words.iter().map(|word| whole(word).unwrap_or(word)).collect();
        let spelled = spelled.join("_");
        let path = model.path_of(field);
        let headline = format!("{} abbreviates {}", code(&path), code(whole(short).unwrap_or(short)));
        let consequence = "The column, forms and the API keep the name that it gets now.";
        out.say(&field.at, path, field.name, headline, consequence)
            .fix(format!("Name it {}; once it is in a database, that is a `RenameField`.", code(&spelled)));
    }
    Ok(())
}
