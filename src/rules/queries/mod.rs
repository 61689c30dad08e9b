//! Queries: how many there are, and how they are written.

mod complex_queryset_uncommented;
mod missing_prefetch_related;
mod missing_select_related;
mod query_in_loop;
mod raw_sql;
mod row_loops;
mod sql_text;
mod unbounded_or_fat_queryset;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[
    &query_in_loop::RULE,
    &missing_select_related::RULE,
    &missing_prefetch_related::RULE,
    &unbounded_or_fat_queryset::RULE,
    &raw_sql::RULE,
    &complex_queryset_uncommented::RULE,
];
