//! Celery's tasks: what they are handed, where they stand, and what they do when something fails.

mod dispatch;
mod services;
mod transactions;

pub(super) mod model_instance_passed_to_task;
pub(super) mod task_not_idempotent;
pub(super) mod task_outside_tasks_py;
pub(super) mod task_result_assumed_immediate;
pub(super) mod task_without_retry;
