//! A fan signs in at an OpenID provider that others wrote.

use super::browser::sign_in;
use crate::support::variable;
use crate::world::{Fan, World};

#[tokio::test]
#[ignore = "`cargo xtask counterparts` starts the provider"]
async fn who_signed_in_elsewhere_is_a_fan_here() {
    let (issuer, audience) = (variable("COUNTERPART_ISSUER"), variable("COUNTERPART_AUDIENCE"));
    let world = World::start_with_issuer(&issuer, &audience).await;

    let token = sign_in(&issuer, &audience, "ana").await;
    let ana = Fan::with_token(&world, "ana", token.clone());
    ana.create_profile().await;

    ana.get("/users/me/profile").await.ok();
    let ben = Fan::with_token(&world, "ben", sign_in(&issuer, &audience, "ben").await);
    ben.get("/users/me/profile").await.refused(404, "no-profile");
    world.stop().await;
}

#[tokio::test]
#[ignore = "`cargo xtask counterparts` starts the provider"]
async fn a_token_that_was_changed_or_is_for_somebody_else_opens_nothing() {
    let (issuer, audience) = (variable("COUNTERPART_ISSUER"), variable("COUNTERPART_AUDIENCE"));
    let token = sign_in(&issuer, &audience, "ana").await;

    let world = World::start_with_issuer(&issuer, &audience).await;
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let claims = parts.get_mut(1).unwrap();
    claims.replace_range(8..9, if claims.as_bytes()[8] == b'A' { "B" } else { "A" });
    let changed = Fan::with_token(&world, "ana", parts.join("."));
    changed
        .get("/users/me/profile")
        .await
        .refused(401, "unauthenticated");
    world.stop().await;

    let world = World::start_with_issuer(&issuer, "https://another.example").await;
    let foreign = Fan::with_token(&world, "ana", token);
    foreign
        .get("/users/me/profile")
        .await
        .refused(401, "unauthenticated");
    world.stop().await;
}
