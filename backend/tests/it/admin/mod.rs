//! What staff do. Mirrors `/api/v1/admin`.

mod blacklist;
mod broken_requests;
mod editing;
mod matches;
mod pages;
mod phases;
mod roles;
mod sectors;
mod stadiums;
mod staff;
