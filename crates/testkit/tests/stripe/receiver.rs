//! A small receiver of webhooks: verifies each, hands it on, and may refuse every event's first delivery.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use platform::tasks::Tasks;
use stripe_webhook::{Event, EventObject, Webhook};
use tokio::sync::mpsc;

/// Longer than any mischief of these tests: what did not come by then will not.
const PATIENCE: Duration = Duration::from_secs(20);

/// A webhook that was taken.
pub(crate) struct Taken {
    pub(crate) at: Instant,
    pub(crate) event: Event,
    /// As it came.
    pub(crate) body: String,
}

impl Taken {
    pub(crate) fn kind(&self) -> String {
        self.event.type_.to_string()
    }
}

pub(crate) struct Receiver {
    pub(crate) url: String,
    taken: mpsc::UnboundedReceiver<Taken>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    TakesAll,
    RefusesFirst,
}

struct Door {
    manner: Manner,
    refused: Mutex<HashSet<String>>,
    taken: mpsc::UnboundedSender<Taken>,
}

impl Receiver {
    pub(crate) fn start(tasks: &Tasks, manner: Manner) -> Self {
        let (sender, taken) = mpsc::unbounded_channel();
        let door = web::Data::new(Door {
            manner,
            refused: Mutex::default(),
            taken: sender,
        });
        let server = HttpServer::new(move || {
            App::new()
                .app_data(door.clone())
                .route("/hook", web::post().to(receive))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let url = format!("http://{}/hook", server.addrs()[0]);
        let running = server.run();
        let (handle, stop) = (running.handle(), tasks.shutting_down().clone());
        tasks.spawn("receiver", async move { drop(running.await) });
        tasks.spawn("receiver_stop", async move {
            stop.cancelled().await;
            handle.stop(false).await;
        });
        Self { url, taken }
    }

    /// The next webhook taken.
    pub(crate) async fn next(&mut self) -> Taken {
        tokio::time::timeout(PATIENCE, self.taken.recv())
            .await
            .unwrap()
            .unwrap()
    }

    /// What was taken and not yet asked for.
    pub(crate) fn rest(&mut self) -> Vec<Taken> {
        std::iter::from_fn(|| self.taken.try_recv().ok()).collect()
    }
}

async fn receive(request: HttpRequest, body: String, door: web::Data<Door>) -> HttpResponse {
    let signature = request.headers().get("Stripe-Signature").unwrap();
    let signature = signature.to_str().unwrap();
    let event = Webhook::construct_event(&body, signature, "whsec_stand_in").unwrap();
    assert!(Webhook::construct_event(&body, signature, "whsec_other").is_err());
    assert!(
        !matches!(event.data.object, EventObject::Unknown(_)),
        "{}",
        event.type_
    );
    let is_first = door.refused.lock().unwrap().insert(event.id.to_string());
    if is_first && door.manner == Manner::RefusesFirst {
        return HttpResponse::InternalServerError().finish();
    }
    let at = Instant::now();
    door.taken.send(Taken { at, event, body }).ok();
    HttpResponse::Ok().finish()
}
