//! One integration binary: stories against the stand-in forges, the command line, the rule pages, the layering.

#[cfg(test)]
mod binary;
#[cfg(test)]
mod brokers;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod celery;
#[cfg(test)]
mod check;
#[cfg(test)]
mod columns;
#[cfg(test)]
mod databases;
#[cfg(test)]
mod deployed_migrations;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod encodings;
#[cfg(test)]
mod end_to_end;
#[cfg(test)]
mod endless;
#[cfg(test)]
mod env_committed;
#[cfg(test)]
mod env_secrets;
#[cfg(test)]
mod fakes;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod fuzz_targets;
#[cfg(test)]
mod gitea;
#[cfg(test)]
mod github;
#[cfg(test)]
mod github_contract;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod house;
#[cfg(test)]
mod introduced;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod layering;
#[cfg(test)]
mod live_models;
#[cfg(test)]
mod local;
#[cfg(test)]
mod migration_graphs;
#[cfg(test)]
mod model_drift;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod projects;
#[cfg(test)]
mod real_forge;
#[cfg(test)]
mod report;
#[cfg(test)]
mod reported;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod reversible;
#[cfg(test)]
mod reviewing;
#[cfg(test)]
mod rounds;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod selection;
#[cfg(test)]
mod server;
#[cfg(test)]
mod store;
#[cfg(test)]
mod style;
#[cfg(test)]
mod sweeping;
#[cfg(test)]
mod worker;
