//! `GET /tickets`, `/tickets/{id}` (E9).

use actix_web::get;
use actix_web::web::{Data, Json, Path, Query};
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::TicketId;
use domain::tickets::{TICKET_CODE_TYP, TicketCode, TicketState};
use platform::problems::Problem;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::store::{self, TicketRow};
use crate::app::App;
use crate::http::actor::Fan;
use crate::http::fault::Fault;
use crate::http::pages::{PAGE_ITEMS_MAX, Page, PageQuery};
use crate::http::problems::NOT_FOUND;

/// A code is good until so long after kick-off: matches that are stopped and go on the next day included.
const CODE_LIFE_AFTER_KICK_OFF: TimeDelta = TimeDelta::days(2);

/// The routes.
pub fn routes(config: &mut ServiceConfig) {
    config.service(list_tickets).service(read_ticket);
}

/// A ticket.
#[derive(Debug, Serialize, ToSchema)]
pub struct TicketView {
    ticket_id: Uuid,
    order_id: Uuid,
    match_id: Uuid,
    seat_id: Uuid,
    #[schema(example = "Zapad donji 1")]
    sector: String,
    /// Absent, as `number`: a place without a number.
    #[schema(example = "8")]
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<String>,
    #[schema(example = "14")]
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    holder_name: String,
    /// SOLD, ATTENDED or CANCELLED.
    #[schema(example = "SOLD")]
    state: &'static str,
    /// The signed code for the QR; absent once the ticket is cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[schema(example = "7K3MPQ2XV9AB")]
    barcode: String,
    issued_at: DateTime<Utc>,
}

impl TicketView {
    fn of(app: &App, row: TicketRow) -> anyhow::Result<Self> {
        let code = TicketCode {
            ticket: row.ticket_id,
            match_id: row.match_id,
            epoch: row.epoch,
            barcode: row.barcode.clone(),
            exp: (row.kick_off_at + CODE_LIFE_AFTER_KICK_OFF).timestamp(),
        };
        let (state, code) = match row.state {
            TicketState::Sold => ("SOLD", Some(app.ticket_key.sign(TICKET_CODE_TYP, &code)?)),
            TicketState::Attended => ("ATTENDED", Some(app.ticket_key.sign(TICKET_CODE_TYP, &code)?)),
            TicketState::Cancelled => ("CANCELLED", None),
        };
        Ok(Self {
            ticket_id: row.ticket_id.0,
            order_id: row.order_id.0,
            match_id: row.match_id.0,
            seat_id: row.seat_id.0,
            sector: row.sector,
            row: row.row,
            number: row.number,
            holder_name: row.holder_name,
            state,
            code,
            barcode: row.barcode,
            issued_at: row.issued_at,
        })
    }
}

/// My tickets.
#[utoipa::path(tag = "tickets", params(PageQuery), responses((status = 200, body = Page<TicketView>)),
    extensions(("x-epic" = json!("E9")), ("x-feature" = json!("E9-F1")), ("x-rules" = json!([]))))]
#[get("/tickets")]
async fn list_tickets(
    app: Data<App>,
    fan: Fan,
    page: Query<PageQuery>,
) -> Result<Json<Page<TicketView>>, Fault<Problem>> {
    let mut conn = app.db.acquire().await?;
    let rows = store::list_of_user(&mut conn, fan.id, page.cursor, PAGE_ITEMS_MAX).await?;
    let items: anyhow::Result<Vec<TicketView>> =
        rows.into_iter().map(|row| TicketView::of(&app, row)).collect();
    Ok(Json(Page::of(items?, |item| item.ticket_id)))
}

/// One ticket of mine.
#[utoipa::path(tag = "tickets", params(("ticket_id" = Uuid, Path)),
    responses((status = 200, body = TicketView), (status = 404, body = Problem)),
    extensions(("x-epic" = json!("E9")), ("x-feature" = json!("E9-F1")), ("x-rules" = json!(["signed-code"]))))]
#[get("/tickets/{ticket_id}")]
async fn read_ticket(
    app: Data<App>,
    fan: Fan,
    ticket_id: Path<TicketId>,
) -> Result<Json<TicketView>, Fault<Problem>> {
    let mut conn = app.db.acquire().await?;
    let row = store::find_of_user(&mut conn, fan.id, *ticket_id)
        .await?
        .ok_or_else(|| Problem::new(NOT_FOUND))?;
    Ok(Json(TicketView::of(&app, row)?))
}
