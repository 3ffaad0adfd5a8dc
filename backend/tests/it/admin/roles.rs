//! Every operation of staff, asked in the name of every role: the table in docs/ROLES.md is true.

use std::collections::BTreeSet;

use backend::api::Audience;
use chrono::TimeDelta;
use domain::staff::Role;
use serde_json::json;

use crate::api::{Operation, operations};
use crate::world::{Answer, Clerk, World, answer};

/// As a careful clerk asks, about something that is not there: what comes back tells whether they might have.
async fn ask(clerk: &Clerk<'_>, operation: &Operation) -> Answer {
    let path = operation.path_of_nothing();
    let path = path.strip_prefix("/admin").unwrap();
    answer(clerk.request(operation.method.clone(), path).json(&json!({}))).await
}

fn is_let_in(answered: &Answer) -> bool {
    ![401, 403].contains(&answered.status)
}

#[tokio::test]
async fn every_role_may_do_what_the_table_says_and_nothing_else() {
    let world = World::start().await;
    let mut walked = BTreeSet::new();
    for role in Role::ALL {
        let clerk = world.clerk(&format!("the-{role}"), &[role]).await;
        for operation in operations(Audience::Staff) {
            let of = format!("{role}: {} {}", operation.method, operation.path);
            let answered = ask(&clerk, &operation).await;
            assert_ne!(answered.status, 500, "{of}: {answered:?}");
            assert_eq!(
                is_let_in(&answered),
                operation.roles().contains(&role.code().to_owned()),
                "{of}: {answered:?}"
            );
            if !is_let_in(&answered) {
                assert_eq!(answered.code(), "role-required", "{of}");
            }
            walked.insert(of);
        }
    }
    assert_eq!(walked.len(), Role::ALL.len() * operations(Audience::Staff).len());
    world.stop().await;
}

#[tokio::test]
async fn nobody_gets_past_the_door_without_role_second_factor_and_where_it_counts_a_recent_sign_in() {
    let world = World::start().await;
    let outsider = world.clerk("outsider", &[]).await;
    let careless = world
        .clerk("careless", &[Role::SuperAdmin])
        .await
        .without_second_factor();
    let tired = world
        .clerk("tired", &[Role::SuperAdmin])
        .await
        .signed_in(TimeDelta::hours(1));

    for operation in operations(Audience::Staff) {
        let of = format!("{} {}", operation.method, operation.path);
        ask(&outsider, &operation).await.refused(403, "not-staff");
        ask(&careless, &operation)
            .await
            .refused(403, "second-factor-required");
        let answered = ask(&tired, &operation).await;
        assert_eq!(
            answered.code() == "sign-in-again",
            operation.needs_step_up(),
            "{of}: {answered:?}"
        );
    }
    world.stop().await;
}
