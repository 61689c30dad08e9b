//! What Django keeps in its picture of the models alone: no table has any of it.

/// Options that Django keeps in its state alone (`AlterModelOptions.ALTER_OPTION_KEYS` without what makes rows or tables).
pub(super) const STATE_OPTIONS: [&str; 9] = [
    "verbose_name",
    "verbose_name_plural",
    "ordering",
    "get_latest_by",
    "base_manager_name",
    "default_manager_name",
    "default_related_name",
    "select_on_save",
    "required_db_features",
];

/// Keyword arguments that no column ever sees (`Field.non_db_attrs`).
pub(super) const STATE_KEYWORDS: [&str; 15] = [
    "help_text",
    "verbose_name",
    "validators",
    "choices",
    "error_messages",
    "editable",
    "blank",
    "related_name",
    "related_query_name",
    "limit_choices_to",
    "upload_to",
    "storage",
    "on_delete",
    "serialize",
    "unique_for_date",
];
