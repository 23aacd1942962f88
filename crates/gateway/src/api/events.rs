//! What happens at this moment, for an administrator who watches.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt};
use serde::Serialize;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use utoipa::ToSchema;

use super::dashboard::Point;
use crate::Gateway;
use crate::auth::Admin;

const EVERY: Duration = Duration::from_secs(1);
/// Who goes on watching after so many connects again, and is asked again who it is.
const EVENTS: usize = 60;
/// How soon a browser connects again.
const RETRY: Duration = Duration::from_millis(500);

/// A second of this process, and how everything stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Moment {
    at: DateTime<Utc>,
    now: Point,
    /// Of the service levels: `PASS`, `MARGINAL`, `FAIL` or `MISSING`.
    #[schema(value_type = String)]
    status: slo::Status,
    #[schema(value_type = Object)]
    counts: crate::census::Counts,
}

/// An event `now` a second, for a minute; who goes on watching connects again. What a moment has is of this process.
#[utoipa::path(get, path = "/api/admin/events", tag = "admin",
    responses((status = 200, body = Moment, content_type = "text/event-stream")))]
pub(crate) async fn events(State(gateway): State<Gateway>, _: Admin) -> Response {
    let closing = gateway.closing().clone().cancelled_owned();
    let sampler = gateway.watch().sampler(&gateway);
    let mut ticks = interval_at(Instant::now() + EVERY, EVERY);
    // A moment that is late is long: there is no second one to make up for it.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let moments =
        stream::unfold((gateway, sampler, ticks, Instant::now()), async |(gateway, mut sampler, mut ticks, last)| {
            ticks.tick().await;
            let now = gateway.store().clock().now();
            let slot = sampler.since_last(&gateway);
            let moment = Moment {
                at: now,
                now: Point::of(now, &slot, last.elapsed().as_secs_f64()),
                status: gateway.watch().standing(now).status,
                counts: gateway.counted().counts(),
            };
            let event = Event::default().event("now").retry(RETRY).json_data(&moment).unwrap_or_default();
            Some((Ok::<_, Infallible>(event), (gateway, sampler, ticks, Instant::now())))
        });
    Sse::new(moments.take(EVENTS).take_until(closing)).into_response()
}
