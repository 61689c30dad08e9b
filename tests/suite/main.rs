//! One integration binary: stories against the stand-in forges, the command line, the rule pages, the layering.

mod celery;
mod layering;
mod pages;
mod store;
