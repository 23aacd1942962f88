//! Two programs, one after the other in short turns, so that what the machine does beside them falls on both.

use std::time::Duration;

use crate::Result;
use crate::compare::{Round, Side, Stretch, order, rounds};
use crate::resources::Reading;
use crate::run_file::Distribution;
use crate::saturation::{Burst, Saturation};

/// A program that takes its turns.
#[derive(Clone, Debug)]
pub struct Player {
    /// What it is asked for.
    pub work: Saturation,
    /// Its process, where it runs on this machine.
    pub process: Option<u32>,
}

/// Lets two programs answer in so many rounds. `progress` is told after each turn how many there were, and the answers a second.
pub async fn alternate(
    [before, after]: [&Player; 2],
    count: usize,
    turn: Duration,
    seed: u64,
    mut progress: impl FnMut(usize, f64),
) -> Result<Vec<Round>> {
    // Caches, connection pools and the processor's guesses are warm for both.
    for player in [before, after] {
        player.work.burst(turn).await?;
    }
    let (order, mut turns) = (order(count, seed), Vec::new());
    for side in &order {
        let stretch = if *side == Side::Before { before } else { after }.turn(turn).await?;
        progress(turns.len() + 1, stretch.answered as f64 / stretch.seconds);
        turns.push(stretch);
    }
    Ok(rounds(&order, turns))
}

impl Player {
    async fn turn(&self, duration: Duration) -> Result<Stretch> {
        let read = || self.process.and_then(Reading::of);
        let began = read();
        let Burst { took, latencies, failed } = self.work.burst(duration).await?;
        let mut stretch = Stretch {
            seconds: took.as_secs_f64(),
            answered: latencies.len(),
            failed,
            latencies_us: Distribution::of(&latencies).values().collect(),
            ..Stretch::default()
        };
        if let (Some(before), Some(now)) = (began, read()) {
            let taken = now.since(&before);
            stretch.figures.insert("cpu_seconds".to_owned(), taken.cpu_seconds);
            stretch.peaks.insert("memory_bytes".to_owned(), taken.memory_bytes);
        }
        Ok(stretch)
    }
}
