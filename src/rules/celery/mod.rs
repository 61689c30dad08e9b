//! Celery: broker URLs that reach the broker they name, and tasks.

mod broker_url;
mod holes;
mod keys;
mod python;
mod sources;
mod tasks;
mod transports;
mod url;
mod wording;

mod broker_not_rabbitmq;
mod broker_url_artefact;
mod broker_url_built_without_quote;
mod broker_url_double_encoded;
mod broker_url_malformed;
mod broker_url_raw_interpolation;
mod broker_url_reserved_character;
mod broker_url_unencoded;
mod broker_url_vhost;
mod redis_password_as_user;

use super::Rule;

/// In the order of their codes.
pub const RULES: &[&Rule] = &[
    &broker_url_unencoded::RULE,
    &broker_url_reserved_character::RULE,
    &broker_url_built_without_quote::RULE,
    &broker_url_raw_interpolation::RULE,
    &broker_url_artefact::RULE,
    &broker_url_double_encoded::RULE,
    &redis_password_as_user::RULE,
    &broker_url_malformed::RULE,
    &broker_url_vhost::RULE,
    &broker_not_rabbitmq::RULE,
    &tasks::task_outside_tasks_py::RULE,
    &tasks::task_without_retry::RULE,
    &tasks::model_instance_passed_to_task::RULE,
    &tasks::task_not_idempotent::RULE,
    &tasks::task_result_assumed_immediate::RULE,
];
