//! Methods that Django, REST framework and `unittest` call by their name: nobody chooses their signature, and their name says
//! what they do.

/// Does a framework or Python itself ask a class for a method of this name?
pub fn is_override(name: &str) -> bool {
    is_dunder(name)
        || METHODS.binary_search(&name).is_ok()
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || (name.starts_with("has_") && name.ends_with("_permission"))
}

/// `__str__`
pub fn is_dunder(name: &str) -> bool {
    name.len() > 4 && name.starts_with("__") && name.ends_with("__")
}

/// A form, a serializer, an admin or a test calls what begins so.
const PREFIXES: [&str; 4] = ["clean_", "validate_", "formfield_for_", "test_"];

/// https://docs.djangoproject.com/en/5.2/ref/, https://www.django-rest-framework.org/api-guide/; sorted. Names that people
/// also choose for themselves (`run`, `render`, `filter`) are left out.
const METHODS: [&str; 236] = [
    "add_arguments", "add_error", "add_fields", "add_view", "adelete", "after_return", "allow_migrate",
    "allow_relation", "allow_request", "arefresh_from_db", "as_mysql", "as_postgresql", "as_sql",
    "as_sqlite", "as_view", "asave", "authenticate", "authenticate_header", "before_start", "build_field",
    "change_view", "changefreq", "changelist_view", "clean", "clean_fields", "clean_form", "compress",
    "construct_change_message", "contribute_to_class", "create", "create_option", "create_parser",
    "create_superuser", "create_user", "database_backwards", "database_forwards", "db_for_read",
    "db_for_write", "db_type", "decompress", "deconstruct", "delete", "delete_model", "delete_queryset",
    "delete_view", "destroy", "dispatch", "emit", "expected_parameters", "filter_queryset",
    "finalize_response", "form_invalid", "form_valid", "format_value", "formfield", "from_db",
    "from_db_value", "full_clean", "generate_filename", "get_absolute_url", "get_actions",
    "get_allow_empty", "get_attribute", "get_authenticators", "get_autocomplete_fields",
    "get_available_name", "get_by_natural_key", "get_cache_key", "get_changeform_initial_data",
    "get_changelist", "get_changelist_form", "get_changelist_formset", "get_context", "get_context_data",
    "get_context_object_name", "get_created_time", "get_date_field", "get_db_prep_save",
    "get_db_prep_value", "get_default", "get_default_renderer", "get_deferred_fields",
    "get_deleted_objects", "get_exclude", "get_extra", "get_extra_kwargs", "get_fields", "get_fieldsets",
    "get_filter_backends", "get_form", "get_form_class", "get_form_kwargs", "get_formset",
    "get_formsets_with_inlines", "get_help_text", "get_ident", "get_initial", "get_inline_instances",
    "get_inlines", "get_internal_type", "get_list_display", "get_list_display_links", "get_list_filter",
    "get_list_select_related", "get_login_url", "get_lookup", "get_max_num", "get_min_num",
    "get_modified_time", "get_object", "get_ordering", "get_page_size", "get_paginate_by",
    "get_paginated_response", "get_paginator", "get_parsers", "get_password_validators",
    "get_permission_denied_message", "get_permissions", "get_prefix", "get_prep_value",
    "get_prepopulated_fields", "get_queryset", "get_rate", "get_readonly_fields", "get_redirect_url",
    "get_renderers", "get_schema_fields", "get_schema_operation_parameters", "get_search_fields",
    "get_search_results", "get_serializer", "get_serializer_class", "get_serializer_context",
    "get_slug_field", "get_sortable_by", "get_source_expressions", "get_success_url", "get_template_names",
    "get_throttles", "get_transform", "get_urls", "get_user", "get_user_permissions", "get_valid_name",
    "get_value", "get_view_on_site_url", "handle", "handle_app_config", "handle_exception", "handle_label",
    "handle_no_permission", "has_changed", "has_object_permission", "has_output", "has_permission",
    "history_view", "http_method_not_allowed", "id_for_label", "initialize_request", "is_valid",
    "item_description", "item_link", "item_pubdate", "item_title", "lastmod", "list", "listdir",
    "log_addition", "log_change", "log_deletion", "lookups", "message_user", "natural_key", "on_failure",
    "on_retry", "on_success", "options", "paginate_queryset", "partial_update", "password_changed",
    "perform_authentication", "perform_create", "perform_destroy", "perform_update", "pre_save",
    "process_exception", "process_lhs", "process_request", "process_response", "process_rhs",
    "process_template_response", "process_view", "queryset", "ready", "receive", "receive_json",
    "refresh_from_db", "rel_db_type", "render_change_form", "render_to_response", "resolve_expression",
    "response_add", "response_change", "response_delete", "retrieve", "run_validation", "save",
    "save_form", "save_formset", "save_m2m", "save_model", "save_related", "serializable_value", "setUp",
    "setUpClass", "setUpModule", "setUpTestData", "set_source_expressions", "setup", "state_forwards",
    "tearDown", "tearDownClass", "tearDownModule", "test_func", "to_internal_value", "to_python",
    "to_representation", "update", "use_required_attribute", "validate", "validate_constraints",
    "validate_unique", "value_from_datadict", "value_from_object", "value_to_string",
];

#[cfg(test)]
mod tests {
    use super::{METHODS, is_override};

    #[test]
    fn what_a_framework_calls_is_known_by_its_name() {
        assert!(METHODS.is_sorted());
        for name in ["__str__", "save", "clean_title", "has_add_permission", "get_queryset", "test_it"] {
            assert!(is_override(name), "{name}");
        }
        assert!(!is_override("publish") && !is_override("__private") && !is_override("cleaned"));
    }
}
