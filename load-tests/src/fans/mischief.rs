//! What fans try that nobody may do: seats before the turn, other people's passes, two places, tickets for the barred.

use contracts::{IDEMPOTENCY_KEY_HEADER, SESSION_PASS_HEADER};
use serde_json::json;
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
                Some(pass) if self.rng_bool() => (Trespass::TamperedPass, Some(tampered(&pass))),
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
            self.remember_now(What::Trespassed {
                how: Trespass::SecondPlace,
                honoured: other.ticket_id != ticket_id,
            });
        }
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

/// One sign of the signature changed.
fn tampered(pass: &str) -> String {
    let mut signs: Vec<char> = pass.chars().collect();
    let last = signs.len().saturating_sub(8);
    if let Some(sign) = signs.get_mut(last) {
        *sign = if *sign == 'A' { 'B' } else { 'A' };
    }
    signs.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tampered_pass_is_another_pass_of_the_same_length() {
        let pass = "header.claims.signature-AAAA";
        assert_ne!(tampered(pass), pass);
        assert_eq!(tampered(pass).len(), pass.len());
    }
}
