//! Stripe's routes: authorise, look up the idempotency key, act, store the answer, send the events.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use platform::clock::{Clock, SystemClock};
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::stripe::account::{Account, Done};
use crate::stripe::errors::Failure;
use crate::stripe::idempotency::Answer;
use crate::stripe::objects::{Intent, event, list};
use crate::stripe::params::Params;
use crate::stripe::{Books, Shared};

/// Largest request, bytes.
const BODY_MAX: usize = 64 * 1024;
/// Longest `Idempotency-Key`, characters: Stripe's own limit.
const KEY_MAX: usize = 255;
/// Page of a list, and its largest.
const PAGE: i64 = 10;
const PAGE_MAX: i64 = 100;

pub(crate) fn mount(config: &mut web::ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(BODY_MAX))
        .route("/v1/payment_intents", web::post().to(create_intent))
        .route("/v1/payment_intents", web::get().to(list_intents))
        .route("/v1/payment_intents/{id}", web::get().to(show_intent))
        .route("/v1/payment_intents/{id}/confirm", web::post().to(confirm_intent))
        .route("/v1/payment_intents/{id}/cancel", web::post().to(cancel_intent))
        .route("/v1/refunds", web::post().to(create_refund))
        .route("/v1/refunds", web::get().to(list_refunds))
        .route("/v1/refunds/{id}", web::get().to(show_refund))
        .route("/v1/charges/{id}", web::get().to(show_charge))
        .route(
            "/stand-in/payment_intents/{id}/authentication",
            web::post().to(authenticate_intent),
        )
        .route("/stand-in/ledger", web::get().to(ledger))
        .default_service(web::to(unknown));
}

async fn create_intent(shared: web::Data<Shared>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    change(&shared, &request, &body, |account, params, now| {
        account.create_intent(params, now)
    })
    .await
}

async fn cancel_intent(
    shared: web::Data<Shared>,
    request: HttpRequest,
    id: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    change(&shared, &request, &body, |account, params, now| {
        account.cancel_intent(&id, params, now)
    })
    .await
}

async fn create_refund(shared: web::Data<Shared>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    change(&shared, &request, &body, |account, params, now| {
        account.create_refund(params, now)
    })
    .await
}

/// By the fan's app, which knows the intent's client secret, or by the server.
async fn confirm_intent(
    shared: web::Data<Shared>,
    request: HttpRequest,
    id: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    change(&shared, &request, &body, |account, params, now| {
        account.confirm_intent(&id, params, now)
    })
    .await
}

/// What Stripe's library and the bank's page do between them in the fan's browser: the second factor, right or wrong.
async fn authenticate_intent(
    shared: web::Data<Shared>,
    request: HttpRequest,
    id: web::Path<String>,
    body: web::Bytes,
) -> HttpResponse {
    change(&shared, &request, &body, |account, params, now| {
        account.authenticate_intent(&id, params, now)
    })
    .await
}

async fn show_intent(shared: web::Data<Shared>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    read(&shared, &request, |account, params| {
        Ok(expanded(
            account,
            account.find_intent(&id)?,
            params.lists("expand", "latest_charge"),
        ))
    })
    .await
}

async fn show_charge(shared: web::Data<Shared>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    read(&shared, &request, |account, _| {
        Ok(account.find_charge(&id)?.json())
    })
    .await
}

async fn show_refund(shared: web::Data<Shared>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    read(&shared, &request, |account, _| {
        Ok(account.find_refund(&id)?.json())
    })
    .await
}

async fn list_refunds(shared: web::Data<Shared>, request: HttpRequest) -> HttpResponse {
    read(&shared, &request, |account, params| {
        let intent = params.required("payment_intent")?;
        Ok(list(
            "/v1/refunds",
            account
                .refunds_of_intent(intent)
                .map(|refund| refund.json())
                .collect(),
            false,
        ))
    })
    .await
}

async fn list_intents(shared: web::Data<Shared>, request: HttpRequest) -> HttpResponse {
    read(&shared, &request, |account, params| {
        let size = params.integer("limit")?.unwrap_or(PAGE);
        if !(1..=PAGE_MAX).contains(&size) {
            return Err(Failure::invalid(
                "This value must be between 1 and 100.",
                Some("limit"),
            ));
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let (from, until) = (params.integer("created[gte]")?, params.integer("created[lte]")?);
        let (above, below) = (params.integer("created[gt]")?, params.integer("created[lt]")?);
        let wanted = |intent: &&Intent| {
            from.is_none_or(|at| intent.created >= at)
                && until.is_none_or(|at| intent.created <= at)
                && above.is_none_or(|at| intent.created > at)
                && below.is_none_or(|at| intent.created < at)
        };
        let after = params.get("starting_after");
        let mut rest = account.intents_newest_first().filter(wanted);
        if let Some(after) = after {
            rest.by_ref()
                .find(|intent| intent.id == after)
                .ok_or_else(|| Failure::no_such("payment_intent", after))?;
        }
        let with_charge = params.lists("expand", "data.latest_charge");
        let page: Vec<Value> = rest
            .by_ref()
            .take(size)
            .map(|intent| expanded(account, intent, with_charge))
            .collect();
        Ok(list("/v1/payment_intents", page, rest.next().is_some()))
    })
    .await
}

async fn ledger(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(shared.ledger())
}

async fn unknown(request: HttpRequest) -> HttpResponse {
    respond(&Failure::unknown_route(request.method().as_str(), request.path()).into())
}

async fn change<F>(shared: &Shared, request: &HttpRequest, body: &[u8], act: F) -> HttpResponse
where
    F: FnOnce(&mut Account, &Params, i64) -> Result<Done, Failure>,
{
    if !shared.answer_delay.is_zero() && !shared.tasks.sleep(shared.answer_delay).await {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let answer = try_change(shared, request, body, act).unwrap_or_else(Answer::from);
    respond(&answer)
}

fn try_change<F>(shared: &Shared, request: &HttpRequest, body: &[u8], act: F) -> Result<Answer, Failure>
where
    F: FnOnce(&mut Account, &Params, i64) -> Result<Done, Failure>,
{
    let text = std::str::from_utf8(body).map_err(|_| Failure::invalid("Invalid UTF-8 in the body", None))?;
    let params = Params::parse(text)?;
    let key = request
        .headers()
        .get("Idempotency-Key")
        .and_then(|key| key.to_str().ok());
    if key.is_some_and(|key| key.len() > KEY_MAX) {
        return Err(Failure::invalid(
            "The idempotency key is longer than 255 characters.",
            None,
        ));
    }
    let fingerprint = params.fingerprint(request.path());
    let now = SystemClock.now().timestamp();

    let mut books = shared.books();
    authorise(shared, &books, request, &params)?;
    if let Some(key) = key
        && let Some(answer) = books.answers.find(key, fingerprint)?
    {
        return Ok(answer);
    }
    let done = act(&mut books.account, &params, now)?;
    let answer = done.answer.map_or_else(Answer::from, Answer::ok);
    if let Some(key) = key {
        books.answers.keep(key, fingerprint, &answer);
    }
    drop(books);

    for (kind, object) in done.events {
        shared.courier.send(&event(kind, object, now, key));
    }
    Ok(answer)
}

async fn read<F>(shared: &Shared, request: &HttpRequest, look: F) -> HttpResponse
where
    F: FnOnce(&Account, &Params) -> Result<Value, Failure>,
{
    if !shared.answer_delay.is_zero() && !shared.tasks.sleep(shared.answer_delay).await {
        return HttpResponse::ServiceUnavailable().finish();
    }
    let looked = Params::parse(request.query_string()).and_then(|params| {
        let books = shared.books();
        authorise(shared, &books, request, &params)?;
        look(&books.account, &params)
    });
    respond(&looked.map_or_else(Answer::from, Answer::ok))
}

/// The secret key opens everything; an intent's client secret lets the fan's app read, confirm and
/// authenticate that intent.
fn authorise(shared: &Shared, books: &Books, request: &HttpRequest, params: &Params) -> Result<(), Failure> {
    let header = request
        .headers()
        .get("Authorization")
        .and_then(|value| value.to_str().ok());
    let key = header.and_then(|value| value.strip_prefix("Bearer "));
    if key.is_some_and(|key| key == shared.secret_key.expose_secret()) {
        return Ok(());
    }
    let fans_route = ["/confirm", "/authentication"]
        .iter()
        .any(|end| request.path().ends_with(end))
        || request.method() == actix_web::http::Method::GET;
    let intent = request
        .match_info()
        .get("id")
        .and_then(|id| books.account.find_intent(id).ok());
    match (intent, params.get("client_secret")) {
        (Some(intent), Some(secret)) if fans_route && intent.client_secret == secret => Ok(()),
        _ => Err(Failure::unauthorised()),
    }
}

fn expanded(account: &Account, intent: &Intent, with_charge: bool) -> Value {
    let mut body = intent.json();
    let charge = intent
        .latest_charge
        .as_deref()
        .filter(|_| with_charge)
        .and_then(|id| account.find_charge(id).ok());
    if let (Some(members), Some(charge)) = (body.as_object_mut(), charge) {
        members.insert("latest_charge".to_owned(), charge.json());
    }
    body
}

fn respond(answer: &Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status)
        .insert_header(("Request-Id", crate::stripe::objects::fresh_id("req")))
        .insert_header(("Stripe-Version", crate::stripe::API_VERSION))
        .json(&answer.body)
}
