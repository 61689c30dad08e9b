//! Methods of managers and query sets, by what they do to rows: https://docs.djangoproject.com/en/5.2/ref/models/querysets/

/// They change no row.
pub(super) const READS: &[&str] = &[
    "all",
    "filter",
    "exclude",
    "get",
    "first",
    "last",
    "exists",
    "count",
    "values",
    "values_list",
    "iterator",
    "order_by",
    "distinct",
    "annotate",
    "aggregate",
    "only",
    "defer",
    "select_related",
    "prefetch_related",
    "select_for_update",
    "using",
    "none",
    "in_bulk",
    "earliest",
    "latest",
    "reverse",
    "get_queryset",
    "union",
    "intersection",
    "difference",
];

/// They add or change rows and delete none.
pub(super) const WRITES: &[&str] =
    &["create", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "update"];
