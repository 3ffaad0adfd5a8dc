//! A fan inside: the extractor of every protected route of a match.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use domain::ids::MatchId;
use platform::problems::{NO_SUCH_ROUTE, Problem};
use uuid::Uuid;

use super::Session;
use crate::app::App;
use crate::http::actor::Fan;
use crate::http::fault::Fault;
use crate::matches;

/// A signed-in fan with an open session in the queue of the match named in the path (`{match_id}`).
#[derive(Debug, Clone)]
pub struct Entered {
    /// Who.
    pub fan: Fan,
    /// Until when, and under which place of the line.
    pub session: Session,
}

impl Entered {
    /// Lets a fan into a match, if the waiting room does.
    ///
    /// # Errors
    /// The problem that keeps them out.
    pub async fn through_gate(app: &App, fan: Fan, match_id: MatchId) -> Result<Self, Fault<Problem>> {
        let queue_id = matches::actions::queue_of(app, match_id)
            .await
            .map_err(Fault::told)?;
        let session = app.gate.session(&fan, queue_id).await.map_err(Fault::told)?;
        Ok(Self { fan, session })
    }
}

impl FromRequest for Entered {
    type Error = Fault<Problem>;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let app = request.app_data::<Data<App>>().cloned();
        let match_id: Option<Uuid> = request
            .match_info()
            .get("match_id")
            .and_then(|text| text.parse().ok());
        let fan = Fan::from_request(request, payload);
        Box::pin(async move {
            let fan = fan.await?;
            let app = app.ok_or_else(|| Fault::Broken(anyhow::anyhow!("no App in this server")))?;
            let match_id = match_id.ok_or_else(|| Problem::new(NO_SUCH_ROUTE))?;
            Self::through_gate(&app, fan, MatchId(match_id)).await
        })
    }
}
