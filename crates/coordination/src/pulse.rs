//! Keeps the connection to Redis up, and feels its pulse: so that a loss is noticed, and its end as well, without a request
//! having to wait for either.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fred::interfaces::{ClientLike as _, EventInterface as _};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

use crate::State;
use crate::link::{Link, Redis};

/// Between two pulses while all is well. Before the first answer, it is how long a connection may take to come about.
const EVERY: Duration = Duration::from_secs(1);
/// Between two pulses while Redis does not answer.
const AGAIN: Duration = Duration::from_millis(250);
/// A connection that is open and has left so many pulses unanswered, for about three seconds, is replaced: its other end may
/// be gone without a word.
const DEAD_AFTER: u32 = 10;
/// Before a new attempt to connect, doubled from the first to the last.
const SHORTEST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Connects, and connects again, for ever.
pub(crate) async fn keep(link: Arc<Link>) {
    let mut wait = SHORTEST_WAIT;
    loop {
        let began = Instant::now();
        match link.renew() {
            Ok(redis) => live(&link, &redis).await,
            Err(error) => link.lost(&error),
        }
        if began.elapsed() > LONGEST_WAIT {
            wait = SHORTEST_WAIT;
        }
        sleep(wait).await;
        wait = (2 * wait).min(LONGEST_WAIT);
    }
}

/// The life of a client: until it gives up, or its connection is dead.
async fn live(link: &Link, redis: &Redis) {
    let mut errors = redis.error_rx();
    let mut connection = AbortOnDropHandle::new(redis.connect());
    let mut pulse = std::pin::pin!(until_dead(link, redis));
    loop {
        tokio::select! {
            ended = &mut connection => {
                if let Ok(Err(error)) = ended {
                    link.note(&error);
                    link.lost(&error);
                }
                return;
            }
            () = &mut pulse => return,
            error = errors.recv() => match error {
                Ok((error, _)) => link.note(&error),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }
}

/// Asks for signs of life until an open connection has not given any for too long.
async fn until_dead(link: &Link, redis: &Redis) {
    let mut unanswered = 0;
    while unanswered < DEAD_AFTER {
        let pause = if link.state() == State::Unreachable { AGAIN } else { EVERY };
        tokio::select! {
            () = sleep(pause) => {}
            Ok(()) = redis.wait_for_connect(), if !redis.is_connected() => {}
        }
        let answered = link.pulse(redis).await.is_some();
        // Without a connection the client is busy making one.
        unanswered = if answered || !redis.is_connected() { 0 } else { unanswered + 1 };
    }
}
