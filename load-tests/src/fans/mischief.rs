//! What fans try that nobody may do: seats before the turn, other people's passes, two places, tickets for the barred.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD;
use contracts::{IDEMPOTENCY_KEY_HEADER, SESSION_PASS_HEADER};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fans::character::Quirk;
use crate::fans::history::{Trespass, What};
use crate::fans::life::Fan;

impl Fan {
    /// Before joining: bots ask for seats at once, replayers show a pass that another fan has lost.
    pub(super) async fn trespass(&mut self) {
        let (how, pass) = match self.character.quirk {
            Quirk::Bot => (Trespass::WithoutTurn, None),
            Quirk::Replays => match self.world.found_pass() {
                Some(pass) if self.rng_bool() => {
                    let grant = self.join_grant().await;
                    match grant.and_then(|grant| tampered(&pass, &grant.grant)) {
                        Some(pass) => (Trespass::TamperedPass, Some(pass)),
                        None => (Trespass::ForeignPass, Some(pass)),
                    }
                }
                Some(pass) => (Trespass::ForeignPass, Some(pass)),
                None => (Trespass::WithoutTurn, None),
            },
            _ => return,
        };
        let Some(zone_id) = self.any_zone().await else {
            return;
        };
        let (url, key) = (self.match_url("/cart"), self.fresh_key());
        let body = json!({"zone_id": zone_id, "quantity": 1});
        let answer = self
            .insist("waiting-room-unreachable", |http, fan| {
                let request = http
                    .put(&url)
                    .bearer_auth(&fan.token)
                    .header(IDEMPOTENCY_KEY_HEADER, &key)
                    .json(&body);
                match &pass {
                    Some(pass) => request.header(SESSION_PASS_HEADER, pass),
                    None => request,
                }
            })
            .await;
        let Some(answer) = answer else {
            self.remember_now(What::NoAnswer { route: "cart" });
            return;
        };
        let honoured = answer.is_success();
        self.remember(&answer, What::Trespassed { how, honoured });
    }

    /// A second device of the same fan must stand at the same place.
    pub(super) async fn join_elsewhere(&mut self, ticket_id: Uuid) {
        if self.character.quirk != Quirk::TwoDevices {
            return;
        }
        let Some(grant) = self.join_grant().await else {
            return;
        };
        if let Some(other) = self.show_grant(&grant).await {
            self.note_second(Trespass::SecondPlace, other.ticket_id != ticket_id);
        }
    }

    /// Writes down what came of doing something twice: the same again, or a second one.
    pub(super) fn note_second(&mut self, how: Trespass, is_another: bool) {
        self.remember_now(What::Trespassed {
            how,
            honoured: is_another,
        });
    }

    /// Writes down an order that names somebody who is on the blacklist.
    pub(super) fn note_barred_holders(&mut self, oibs: &[String]) {
        let people = self.world.people;
        let own = people.person(self.number, 0).oib;
        let is_barred = |oib: &String| {
            *oib == people.outlaw().oib || (self.character.quirk == Quirk::Blacklisted && *oib == own)
        };
        if oibs.iter().any(is_barred) {
            self.remember_now(What::Trespassed {
                how: Trespass::Blacklisted,
                honoured: true,
            });
        }
    }
}

/// The pass, made out to whom the join grant names: its signature is now another's. Both are JSON Web Tokens.
fn tampered(pass: &str, grant: &str) -> Option<String> {
    let mut claims = claims_of(pass)?;
    claims["sub"] = claims_of(grant)?.get("sub")?.clone();
    let mut parts: Vec<&str> = pass.split('.').collect();
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    *parts.get_mut(1)? = &claims;
    Some(parts.join("."))
}

fn claims_of(token: &str) -> Option<Value> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&claims).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &Value) -> String {
        format!("head.{}.signature", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    #[test]
    fn a_tampered_pass_is_made_out_to_the_thief_and_signed_for_another() {
        let pass = token(&json!({"sub": "its owner", "ticket_id": "of its owner"}));
        let tampered = tampered(&pass, &token(&json!({"sub": "the thief"}))).unwrap_or_default();
        assert_eq!(
            claims_of(&tampered),
            Some(json!({"sub": "the thief", "ticket_id": "of its owner"}))
        );
        assert!(tampered.starts_with("head.") && tampered.ends_with(".signature"));
        assert_ne!(tampered, pass);
    }
}
