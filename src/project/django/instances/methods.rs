//! What methods of managers and query sets give: https://docs.djangoproject.com/en/5.2/ref/models/querysets/

/// One row.
pub const ROW: &[&str] = &["get", "first", "last", "create", "latest", "earliest"];

/// A row, and whether it was made.
pub const PAIR: &[&str] = &["get_or_create", "update_or_create"];

/// Another query set; no query runs.
pub const ROWS: &[&str] = &[
    "all",
    "filter",
    "exclude",
    "complex_filter",
    "order_by",
    "distinct",
    "reverse",
    "annotate",
    "alias",
    "select_related",
    "prefetch_related",
    "select_for_update",
    "only",
    "defer",
    "using",
    "none",
    "extra",
    "union",
    "intersection",
    "difference",
    "get_queryset",
    "iterator",
    "values",
    "values_list",
    "dates",
    "datetimes",
];

/// They ask the database and give no query set.
pub const QUERIES: &[&str] = &[
    "get",
    "first",
    "last",
    "latest",
    "earliest",
    "exists",
    "contains",
    "count",
    "aggregate",
    "in_bulk",
    "create",
    "get_or_create",
    "update_or_create",
    "update",
    "delete",
];

/// Those of them that write.
pub const WRITES: &[&str] = &["create", "get_or_create", "update_or_create", "update", "delete"];
