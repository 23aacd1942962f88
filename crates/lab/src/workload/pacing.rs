//! When people come and go, how long they think, and how long it all takes.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Lot;

/// The clock of a workload. Everything but the server's own time is divided by `time_scale`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pacing {
    /// Seconds between an answer and the next task, uniformly from the first to the second.
    pub think_s: (f64, f64),
    /// Seconds between the turns of a conversation, likewise.
    pub turn_s: (f64, f64),
    /// How many people there are.
    pub stages: Vec<Stage>,
    /// How many times faster than people it goes.
    pub time_scale: f64,
}

/// How many people there are for how long, before the time scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// How many there are in the end of the ramp.
    pub users: usize,
    /// How long it takes until they are there, or have gone, in seconds; one after the other, evenly.
    pub ramp_s: f64,
    /// How long they stay, in seconds.
    pub hold_s: f64,
}

impl Pacing {
    /// So many people who come at once and stay so long.
    #[must_use]
    pub fn steady(users: usize, seconds: f64) -> Self {
        let stages = vec![Stage { users, ramp_s: 0.0, hold_s: seconds }];
        Self { think_s: (3.0, 10.0), turn_s: (1.0, 3.0), stages, time_scale: 1.0 }
    }

    /// How long somebody thinks before the next task.
    pub fn think(&self, lot: &mut Lot) -> Duration {
        self.between(self.think_s, lot)
    }

    /// How long somebody reads before the next turn of a conversation.
    pub fn turn(&self, lot: &mut Lot) -> Duration {
        self.between(self.turn_s, lot)
    }

    /// The most people who are there at any moment.
    #[must_use]
    pub fn most_users(&self) -> usize {
        self.stages.iter().map(|stage| stage.users).max().unwrap_or_default()
    }

    /// When a person, from 0, is there: from each first moment to the second.
    #[must_use]
    pub fn presence(&self, person: usize) -> Vec<(Duration, Duration)> {
        let (mut begins, mut users, mut arrival) = (0.0, 0, None);
        let mut presence = Vec::new();
        for stage in &self.stages {
            let crossing = |from: usize, to: usize| (to as f64 - from as f64).abs();
            if stage.users > person && users <= person {
                let place = (person - users) as f64 / crossing(users, stage.users);
                arrival = Some(begins + stage.ramp_s * place);
            } else if stage.users <= person && users > person {
                // The last who came goes first.
                let place = (users - person) as f64 / crossing(users, stage.users);
                let left = begins + stage.ramp_s * place;
                presence.extend(arrival.take().map(|came| (self.scaled(came), self.scaled(left))));
            }
            users = stage.users;
            begins += stage.ramp_s + stage.hold_s;
        }
        presence.extend(arrival.map(|came| (self.scaled(came), self.scaled(begins))));
        presence
    }

    /// Whether as many are there at this moment as a stage wants: nobody is coming or going.
    #[must_use]
    pub fn is_steady(&self, at: Duration) -> bool {
        let (mut begins, at) = (0.0, at.as_secs_f64() * self.time_scale);
        for stage in &self.stages {
            if at < begins + stage.ramp_s {
                return false;
            }
            begins += stage.ramp_s + stage.hold_s;
            if at < begins {
                return true;
            }
        }
        // Whatever is still in hand began before.
        true
    }

    /// When all of the first stage are there.
    #[must_use]
    pub fn ramp(&self) -> Duration {
        self.scaled(self.stages.first().map_or(0.0, |stage| stage.ramp_s))
    }

    /// How long nobody comes or goes, of all the time.
    #[must_use]
    pub fn steady_time(&self) -> Duration {
        self.scaled(self.stages.iter().map(|stage| stage.hold_s).sum())
    }

    /// How long it takes from the first arrival to the end.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.scaled(self.stages.iter().map(|stage| stage.ramp_s + stage.hold_s).sum())
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

    fn of(stages: &[(usize, f64, f64)]) -> Pacing {
        let stages =
            stages.iter().map(|(users, ramp_s, hold_s)| Stage { users: *users, ramp_s: *ramp_s, hold_s: *hold_s });
        Pacing { stages: stages.collect(), ..Pacing::steady(0, 0.0) }
    }

    fn seconds(presence: &[(Duration, Duration)]) -> Vec<(f64, f64)> {
        presence.iter().map(|(came, left)| (came.as_secs_f64(), left.as_secs_f64())).collect()
    }

    #[test]
    fn people_come_one_after_the_other_and_stay() {
        let pacing = of(&[(50, 300.0, 1_800.0)]);
        assert_eq!(seconds(&pacing.presence(0)), [(0.0, 2_100.0)]);
        assert_eq!(seconds(&pacing.presence(10)), [(60.0, 2_100.0)]);
        assert_eq!(pacing.presence(50), []);
        assert_eq!((pacing.ramp(), pacing.total()), (Duration::from_mins(5), Duration::from_mins(35)));
        assert!(!pacing.is_steady(Duration::from_secs(299)) && pacing.is_steady(Duration::from_mins(5)));
    }

    #[test]
    fn a_spike_comes_and_goes() {
        let pacing = of(&[(50, 0.0, 60.0), (500, 45.0, 60.0), (50, 45.0, 60.0)]);
        assert_eq!(seconds(&pacing.presence(7)), [(0.0, 270.0)]);
        assert_eq!(seconds(&pacing.presence(50)), [(60.0, 210.0)]);
        assert_eq!(seconds(&pacing.presence(499)), [(104.9, 165.1)]);
        assert_eq!(pacing.steady_time(), Duration::from_mins(3));
        for (at, steady) in [(59, true), (60, false), (104, false), (105, true), (165, false), (210, true)] {
            assert_eq!(pacing.is_steady(Duration::from_secs(at)), steady, "{at}");
        }
    }

    #[test]
    fn the_scale_divides_every_time() {
        let person = of(&[(50, 300.0, 1_800.0)]);
        let fast = Pacing { time_scale: 10.0, ..person.clone() };
        assert_eq!(fast.total(), person.total() / 10);
        let thought = |pacing: &Pacing| pacing.think(&mut Lot::new(3, 0));
        assert!((thought(&person).as_secs_f64() - 10.0 * thought(&fast).as_secs_f64()).abs() < 1e-6);
        assert!(fast.is_steady(Duration::from_secs(30)) && !fast.is_steady(Duration::from_secs(29)));
    }

    #[test]
    fn thinking_is_uniform() {
        let (pacing, mut lot) = (Pacing::steady(1, 1.0), Lot::new(3, 0));
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
