//! What happened, in slots of four sizes: fine for the last hours, coarse for the last year, bounded in all.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use telemetry::Slot;
use uuid::Uuid;

/// How long a slot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// A minute.
    Minute,
    /// A quarter of an hour.
    Quarter,
    /// Two hours.
    TwoHours,
    /// A day.
    Day,
}

impl Resolution {
    /// All of them, the finest first.
    pub const ALL: [Self; 4] = [Self::Minute, Self::Quarter, Self::TwoHours, Self::Day];

    /// How long a slot is, in seconds.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Quarter => 900,
            Self::TwoHours => 7_200,
            Self::Day => 86_400,
        }
    }

    /// How long slots are kept: the longest window that is taken from them, and a slot more.
    #[must_use]
    pub const fn kept(self) -> TimeDelta {
        let seconds = match self {
            Self::Minute => 6 * 3_600,
            Self::Quarter => 4 * 86_400,
            Self::TwoHours => 31 * 86_400,
            Self::Day => 400 * 86_400,
        };
        TimeDelta::seconds(seconds + self.seconds())
    }

    /// As the store numbers it.
    #[must_use]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// The one with this number.
    #[must_use]
    pub fn numbered(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|resolution| resolution.number() == number)
    }

    /// When the slot began in which a moment lies.
    #[must_use]
    pub fn start_of(self, moment: DateTime<Utc>) -> DateTime<Utc> {
        let seconds = moment.timestamp();
        DateTime::from_timestamp(seconds - seconds.rem_euclid(self.seconds()), 0).unwrap_or(moment)
    }

    /// The finest one from which a window of the past can be taken.
    #[must_use]
    pub fn for_window(window: Duration) -> Self {
        let window = TimeDelta::from_std(window).unwrap_or(TimeDelta::MAX);
        let reaches = |resolution: &Self| resolution.kept() - TimeDelta::seconds(resolution.seconds()) >= window;
        Self::ALL.into_iter().find(reaches).unwrap_or(Self::Day)
    }
}

/// Slots of all processes.
#[derive(Clone, Debug, Default)]
pub struct History {
    slots: BTreeMap<(Resolution, DateTime<Utc>), BTreeMap<Uuid, Slot>>,
}

impl History {
    /// Keeps what a process did in a slot, instead of what was known of it before.
    pub fn put(&mut self, resolution: Resolution, start: DateTime<Utc>, process: Uuid, slot: Slot) {
        self.slots.entry((resolution, start)).or_default().insert(process, slot);
    }

    /// Likewise, from what a process told in numbers and JSON. What cannot be read, of another version perhaps, is left out.
    pub fn put_told(&mut self, resolution: i16, start: DateTime<Utc>, process: Uuid, data: &str) {
        if let (Some(resolution), Ok(slot)) = (Resolution::numbered(resolution), serde_json::from_str(data)) {
            self.put(resolution, start, process, slot);
        }
    }

    /// Adds what a process did just now to its slots, and returns those.
    pub fn add(
        &mut self,
        now: DateTime<Utc>,
        process: Uuid,
        happened: &Slot,
    ) -> Vec<(Resolution, DateTime<Utc>, Slot)> {
        let extended = Resolution::ALL.map(|resolution| {
            let start = resolution.start_of(now);
            let slot = self.slots.entry((resolution, start)).or_default().entry(process).or_default();
            slot.extend(happened);
            (resolution, start, slot.clone())
        });
        extended.to_vec()
    }

    /// Forgets what is older than it must be.
    pub fn prune(&mut self, now: DateTime<Utc>) {
        self.slots.retain(|(resolution, start), _| *start > now - resolution.kept());
    }

    /// The slots of a window that ends now, the oldest first, of all processes together. The one that has begun before the window
    /// is among them.
    pub fn window(&self, now: DateTime<Utc>, window: Duration) -> impl Iterator<Item = (DateTime<Utc>, Slot)> {
        let resolution = Resolution::for_window(window);
        let from = now - TimeDelta::from_std(window).unwrap_or(TimeDelta::MAX / 2);
        let slots = self.slots.range((resolution, resolution.start_of(from))..=(resolution, now));
        slots.map(|((_, start), processes)| {
            let mut all = Slot::default();
            for slot in processes.values() {
                all.join(slot);
            }
            (*start, all)
        })
    }

    /// All that happened in a window that ends now.
    #[must_use]
    pub fn total(&self, now: DateTime<Utc>, window: Duration) -> Slot {
        let mut total = Slot::default();
        self.window(now, window).for_each(|(_, slot)| total.extend(&slot));
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_500_000 + seconds, 0).unwrap_or_default()
    }

    fn requests(count: f64) -> Slot {
        Slot { sums: BTreeMap::from([("requests".to_owned(), count)]), ..Slot::default() }
    }

    #[test]
    fn windows_are_taken_from_the_finest_slots_that_reach_so_far() {
        let hours = |hours: u64| Resolution::for_window(Duration::from_secs(3_600 * hours));
        assert_eq!([hours(1), hours(6), hours(7), hours(72)].map(Resolution::seconds), [60, 60, 900, 900]);
        assert_eq!(
            [hours(30 * 24), hours(40 * 24), hours(4_000 * 24)].map(Resolution::seconds),
            [7_200, 86_400, 86_400]
        );
    }

    #[test]
    fn what_happened_is_in_every_window_that_holds_it() {
        let (mut history, (one, two)) = (History::default(), (Uuid::from_u128(1), Uuid::from_u128(2)));
        history.add(at(0), one, &requests(5.0));
        history.add(at(10), one, &requests(2.0));
        history.add(at(10), two, &requests(1.0));
        history.add(at(600), one, &requests(4.0));
        let sum = |now, seconds| history.total(at(now), Duration::from_secs(seconds)).sum("requests");
        assert_eq!(sum(600, 300), 4.0);
        assert_eq!(sum(600, 3_600), 12.0);
        assert_eq!(sum(7_000, 3_600), 0.0);
        assert_eq!(sum(7_000, 86_400), 12.0);
        assert_eq!(sum(80_000, 30 * 86_400), 12.0);
    }

    #[test]
    fn it_stays_bounded() {
        let mut history = History::default();
        let process = Uuid::from_u128(1);
        for day in 0..800 {
            let now = at(day * 86_400);
            history.add(now, process, &requests(1.0));
            history.prune(now);
        }
        assert!(history.slots.len() < 450, "{}", history.slots.len());
        assert_eq!(history.total(at(799 * 86_400), Duration::from_hours(399 * 24)).sum("requests"), 400.0);
    }

    #[test]
    fn the_store_finds_its_resolutions_again() {
        for resolution in Resolution::ALL {
            assert_eq!(Resolution::numbered(resolution.number()), Some(resolution));
        }
        assert_eq!(Resolution::numbered(9), None);
    }
}
