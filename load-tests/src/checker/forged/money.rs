//! Lies about money.

use super::*;

#[test]
fn captured_money_with_neither_tickets_nor_refund_has_no_outcome() {
    let mut facts = clean();
    facts.intents.push(Intent {
        id: "pi_9".to_owned(),
        captured_cents: 100,
        refunded_cents: 0,
    });
    let found = check(&facts);
    let count = |name: &str| {
        found
            .iter()
            .find(|(invariant, _)| *invariant == name)
            .unwrap()
            .1
            .len()
    };
    assert_eq!((count("paid_without_outcome"), count("money_mismatch")), (1, 1));
}

#[test]
fn a_late_payment_that_was_refunded_is_an_outcome() {
    let mut facts = clean();
    refund_late(&mut facts);
    let broken: Vec<_> = check(&facts)
        .into_iter()
        .filter(|(_, findings)| !findings.is_empty())
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn a_paid_order_that_was_given_back_is_an_outcome() {
    let mut facts = clean();
    give_back(&mut facts, 60.0);
    let broken: Vec<_> = check(&facts)
        .into_iter()
        .filter(|(_, findings)| !findings.is_empty())
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

fn refund_late(facts: &mut Facts) {
    let order_id = id(ORDER, 9);
    let mut cart = other_cart(60, 1.0, 2.0);
    cart.cart_id = id(CART, 9);
    facts.carts.push(cart);
    facts.orders.push(Order {
        order_id,
        user_id: id(USER, 77),
        cart_id: id(CART, 9),
        state: "REFUNDED".to_owned(),
        total_cents: 4240,
        session_ends_at: at(2.0),
        lines: 1,
        lines_cents: 4240,
    });
    facts.payments.push(Payment {
        order_id,
        state: "SUCCEEDED".to_owned(),
        amount_cents: 4240,
        intent_id: Some("pi_9".to_owned()),
        started_at: at(1.5),
    });
    facts.refunds.push(Refund {
        order_id,
        amount_cents: 4240,
        state: "SUCCEEDED".to_owned(),
    });
    facts.intents.push(Intent {
        id: "pi_9".to_owned(),
        captured_cents: 4240,
        refunded_cents: 4240,
    });
    for (movement, sign) in [(20, 1), (21, -1)] {
        for (account, cents) in [("gateway", 4240 * sign), ("refunds_due", -4240 * sign)] {
            let (account, currency) = (account.to_owned(), "EUR".to_owned());
            facts.ledger.push(LedgerLeg {
                movement_id: id(9, movement),
                order_id,
                account,
                cents,
                currency,
            });
        }
    }
    facts.outbox.push(published(9, "order.refunded", order_id, 3.0));
    let deeds = [
        "order.placed",
        "payment.started",
        "order.refunded",
        "refund.completed",
    ];
    facts.audit.extend(chain(order_id, &deeds));
}

#[test]
fn amounts_that_do_not_add_up_are_a_mismatch() {
    let mut facts = clean();
    facts.intents[0].captured_cents = 8481;
    names(&facts, "money_mismatch", 2);

    let mut facts = clean();
    facts.ledger[1].cents = -7999;
    names(&facts, "money_mismatch", 2);

    let mut facts = clean();
    refund_late(&mut facts);
    facts.refunds.clear();
    facts.audit.retain(|entry| entry.deed != "refund.completed");
    names(&facts, "money_mismatch", 1);
}
