//! When people come, how long they think, and how long it all takes. Source of the figures: the method of the seed's load tests.

use std::time::Duration;

use super::Lot;

/// The clock of a workload. Everything but the server's own time is divided by `time_scale`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pacing {
    /// Seconds between an answer and the next task, uniformly from the first to the second.
    pub think_s: (f64, f64),
    /// Seconds between the turns of a conversation, likewise.
    pub turn_s: (f64, f64),
    /// How many people come in a minute.
    pub ramp_per_minute: f64,
    /// Minutes with everybody there.
    pub steady_minutes: f64,
    /// How many times faster than people it goes.
    pub time_scale: f64,
}

impl Default for Pacing {
    fn default() -> Self {
        Self { think_s: (3.0, 10.0), turn_s: (1.0, 3.0), ramp_per_minute: 10.0, steady_minutes: 30.0, time_scale: 1.0 }
    }
}

impl Pacing {
    /// How long somebody thinks before the next task.
    pub fn think(&self, lot: &mut Lot) -> Duration {
        self.between(self.think_s, lot)
    }

    /// How long somebody reads before the next turn of a conversation.
    pub fn turn(&self, lot: &mut Lot) -> Duration {
        self.between(self.turn_s, lot)
    }

    /// When a person, from 0, comes.
    #[must_use]
    pub fn arrival(&self, person: usize) -> Duration {
        self.scaled(60.0 * person as f64 / self.ramp_per_minute)
    }

    /// How long it takes until everybody is there.
    #[must_use]
    pub fn ramp(&self, people: usize) -> Duration {
        self.arrival(people)
    }

    /// How long it takes from the first arrival to the end.
    #[must_use]
    pub fn total(&self, people: usize) -> Duration {
        self.ramp(people) + self.scaled(60.0 * self.steady_minutes)
    }

    fn between(&self, (from, to): (f64, f64), lot: &mut Lot) -> Duration {
        self.scaled(from + (to - from) * lot.share())
    }

    fn scaled(&self, seconds: f64) -> Duration {
        Duration::try_from_secs_f64(seconds / self.time_scale).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_come_one_after_the_other() {
        let pacing = Pacing::default();
        assert_eq!(pacing.arrival(0), Duration::ZERO);
        assert_eq!(pacing.arrival(10), Duration::from_mins(1));
        assert_eq!(pacing.ramp(50), Duration::from_mins(5));
        assert_eq!(pacing.total(50), Duration::from_mins(35));
    }

    #[test]
    fn the_scale_divides_every_time() {
        let (person, fast) = (Pacing::default(), Pacing { time_scale: 10.0, ..Pacing::default() });
        assert_eq!(fast.total(50), person.total(50) / 10);
        let thought = |pacing: &Pacing| pacing.think(&mut Lot::new(3, 0));
        assert!((thought(&person).as_secs_f64() - 10.0 * thought(&fast).as_secs_f64()).abs() < 1e-6);
        assert_eq!(Pacing { time_scale: 0.0, ..person }.arrival(1), Duration::MAX);
    }

    #[test]
    fn thinking_is_uniform() {
        let (pacing, mut lot) = (Pacing::default(), Lot::new(3, 0));
        let thought: Vec<f64> = (0..20_000).map(|_| pacing.think(&mut lot).as_secs_f64()).collect();
        let below = thought.iter().filter(|seconds| **seconds < 4.75).count() as f64 / 20_000.0;
        let mean = thought.iter().sum::<f64>() / 20_000.0;
        assert!(thought.iter().all(|seconds| (3.0..10.0).contains(seconds)));
        // A quarter of the range; the standard deviation of the mean is 0.0143.
        assert!((below - 0.25).abs() < 0.0154 && (mean - 6.5).abs() < 0.0715, "{below} {mean}");
        let turns: Vec<Duration> = (0..1_000).map(|_| pacing.turn(&mut lot)).collect();
        assert!(turns.iter().all(|turn| (1.0..3.0).contains(&turn.as_secs_f64())));
    }
}
