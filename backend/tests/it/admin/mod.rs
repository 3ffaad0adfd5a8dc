//! What staff do. Mirrors `/api/v1/admin`.

mod blacklist;
mod editing;
mod matches;
mod phases;
mod roles;
mod stadiums;
mod staff;
