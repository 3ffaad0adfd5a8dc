//! Tribina's backend: one binary, several roles. `app` constructs, `api` mounts, every other folder is a context.

pub mod admission;
pub mod api;
pub mod app;
pub mod audit;
pub mod blacklist;
pub mod catalogue;
pub mod events;
pub mod http;
pub mod inventory;
pub mod jobs;
pub mod loyalty;
pub mod matches;
pub mod notifications;
mod operator;
pub mod orders;
pub mod payments;
pub mod roles;
mod sabotage;
pub mod secrets;
pub mod settings;
pub mod stadiums;
pub mod staff;
pub mod tables;
pub mod tickets;
pub mod users;
