//! A workload as data: `workloads/*.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Class, Lot, Pacing, Stage, Task};
use crate::{Error, Result};

/// The workloads that the program knows by name.
const BUILT_IN: &[(&str, &str)] = &[
    ("seed", include_str!("../../../../workloads/seed.toml")),
    ("smoke", include_str!("../../../../workloads/smoke.toml")),
    ("stress", include_str!("../../../../workloads/stress.toml")),
    ("spike", include_str!("../../../../workloads/spike.toml")),
    ("soak", include_str!("../../../../workloads/soak.toml")),
];

/// Who comes, what they do and ask, and how long they think.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// What it is called.
    pub title: String,
    /// Where its figures come from.
    pub source: String,
    /// How long people think, and how fast they come.
    pub pacing: Times,
    /// What is asked.
    pub questions: Questions,
    /// How long the documents are that administrators upload.
    #[serde(rename = "upload")]
    pub uploads: Vec<UploadSize>,
    /// The kinds of people.
    #[serde(rename = "class")]
    pub classes: Vec<ClassShare>,
    /// How many people there are, one stage after the other; without any, as many as the command says.
    #[serde(rename = "stage", default)]
    pub stages: Vec<StageLength>,
}

/// Seconds and minutes before the time scale.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// Between an answer and the next task, uniformly from the first to the second.
    pub think_s: (f64, f64),
    /// Between the turns of a conversation, likewise.
    pub turn_s: (f64, f64),
    /// How many people come in a minute.
    #[serde(default = "ten")]
    pub ramp_per_minute: f64,
    /// Minutes with everybody there.
    #[serde(default = "thirty")]
    pub steady_minutes: f64,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Questions {
    /// Different questions with one part; a quarter as many have several.
    pub distinct: usize,
    /// The exponent of Zipf's law, by which they are popular.
    pub exponent: f64,
    /// The share that was asked before, in other words.
    pub reworded_share: f64,
}

/// A length of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadSize {
    /// How long they are.
    pub bytes: usize,
    /// How many of all are as long.
    pub weight: u32,
}

/// A kind of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassShare {
    /// Which.
    pub name: Class,
    /// How many of all people are of this kind.
    pub weight: u32,
    /// What they do, with weights.
    pub tasks: BTreeMap<Task, u32>,
}

/// How many people there are for how long.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageLength {
    /// How many there are in the end of the ramp.
    pub users: usize,
    /// How long it takes until they are there, or have gone.
    pub ramp_minutes: f64,
    /// How long they stay.
    pub hold_minutes: f64,
}

const fn ten() -> f64 {
    10.0
}

const fn thirty() -> f64 {
    30.0
}

impl Workload {
    /// One that the program knows, or that of a file.
    pub fn read(name: &str) -> Result<Self> {
        match BUILT_IN.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => Self::parse(name, text),
            None if Path::new(name).exists() => {
                let text = std::fs::read_to_string(name);
                Self::parse(name, &text.map_err(|source| Error::Read { path: name.to_owned(), source })?)
            }
            None => {
                let known: Vec<&str> = BUILT_IN.iter().map(|(known, _)| *known).collect();
                let detail = format!("it is neither a file nor one of {}", known.join(", "));
                Err(Error::Workload { name: name.to_owned(), detail })
            }
        }
    }

    fn parse(name: &str, text: &str) -> Result<Self> {
        let wrong = |detail: String| Error::Workload { name: name.to_owned(), detail };
        let mut table: toml::Table = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if let Some(base) = table.remove("extends") {
            let base = base.as_str().unwrap_or_default().to_owned();
            let known = BUILT_IN.iter().find(|(known, _)| *known == base);
            let (_, text) = known.ok_or_else(|| wrong(format!("extends = {base:?} is no workload that is known")))?;
            let mut whole: toml::Table = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
            whole.extend(table);
            table = whole;
        }
        let workload: Self = table.try_into().map_err(|error: toml::de::Error| wrong(error.to_string()))?;
        workload.check().map_err(wrong)?;
        Ok(workload)
    }

    fn check(&self) -> Result<(), String> {
        let ordered = |(from, to): (f64, f64)| from >= 0.0 && from <= to;
        let share = self.questions.reworded_share;
        let tasks_weigh = |class: &ClassShare| class.tasks.values().any(|weight| *weight > 0);
        let checks = [
            (
                ordered(self.pacing.think_s) && ordered(self.pacing.turn_s),
                "a time begins at 0 or later, and not after it ends",
            ),
            (self.pacing.ramp_per_minute > 0.0, "pacing.ramp_per_minute must be above 0"),
            ((0.0..=1.0).contains(&share), "questions.reworded_share must be between 0 and 1"),
            (self.classes.iter().any(|class| class.weight > 0), "one class at least must have a weight"),
            (self.classes.iter().all(tasks_weigh), "each class must have a task with a weight"),
            (self.uploads.iter().any(|size| size.weight > 0), "one size of uploads at least must have a weight"),
        ];
        checks.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, problem)| Err(problem.to_owned()))
    }

    /// When people come, think and go: `users` of them, unless the workload has stages of its own.
    #[must_use]
    pub fn pacing(
        &self,
        users: usize,
        steady_minutes: Option<f64>,
        ramp_per_minute: Option<f64>,
        time_scale: f64,
    ) -> Pacing {
        let minutes = |minutes: f64| 60.0 * minutes;
        let stages = if self.stages.is_empty() {
            let ramp = users as f64 / ramp_per_minute.unwrap_or(self.pacing.ramp_per_minute);
            let hold = steady_minutes.unwrap_or(self.pacing.steady_minutes);
            vec![Stage { users, ramp_s: minutes(ramp), hold_s: minutes(hold) }]
        } else {
            let of = |stage: &StageLength| Stage {
                users: stage.users,
                ramp_s: minutes(stage.ramp_minutes),
                hold_s: minutes(stage.hold_minutes),
            };
            self.stages.iter().map(of).collect()
        };
        Pacing { think_s: self.pacing.think_s, turn_s: self.pacing.turn_s, stages, time_scale }
    }

    /// The class of a person, from 0: at any moment of a ramp, the classes are there by their weights.
    #[must_use]
    pub fn class(&self, person: usize) -> Class {
        let sum: u32 = self.classes.iter().map(|class| class.weight).sum();
        let mut counts = vec![0_u32; self.classes.len()];
        let mut chosen = 0;
        // It repeats after so many people.
        for place in 0..=person % sum.max(1) as usize {
            let missing = |index: usize| {
                let weight = self.classes.get(index).map_or(0, |class| class.weight);
                f64::from(weight) * (place as f64 + 1.0) / f64::from(sum.max(1)) - f64::from(counts[index])
            };
            chosen = (0..counts.len()).max_by(|a, b| missing(*a).total_cmp(&missing(*b))).unwrap_or_default();
            counts[chosen] += 1;
        }
        self.classes.get(chosen).map_or(Class::Regular, |class| class.name)
    }

    /// What a person of this class does next.
    pub fn next_task(&self, class: Class, lot: &mut Lot) -> Task {
        let tasks = self.classes.iter().find(|share| share.name == class).map(|share| &share.tasks);
        let weighted: Vec<(Task, u32)> = tasks.into_iter().flatten().map(|(task, weight)| (*task, *weight)).collect();
        lot.pick_weighted(&weighted).unwrap_or(Task::Question)
    }

    /// How long the next upload is, in bytes.
    pub fn next_upload(&self, lot: &mut Lot) -> usize {
        let weighted: Vec<(usize, u32)> = self.uploads.iter().map(|size| (size.bytes, size.weight)).collect();
        lot.pick_weighted(&weighted).unwrap_or_default()
    }

    /// How many requests a task makes in the mean: a conversation has three or four turns, everything else is one request.
    #[must_use]
    pub fn requests_per_task(&self) -> f64 {
        self.mean(|task| if task == Task::Conversation { 3.5 } else { 1.0 })
    }

    /// How long somebody waits before a request, in the mean, in seconds: thinking before a task, and less between the turns of a
    /// conversation.
    #[must_use]
    pub fn mean_pause_s(&self) -> f64 {
        let middle = |(from, to): (f64, f64)| f64::midpoint(from, to);
        let turns = self.requests_per_task() - 1.0;
        (middle(self.pacing.think_s) + turns * middle(self.pacing.turn_s)) / self.requests_per_task()
    }

    /// How long an upload is in the mean, in bytes.
    #[must_use]
    pub fn mean_upload_bytes(&self) -> f64 {
        let weights: u32 = self.uploads.iter().map(|size| size.weight).sum();
        let all: f64 = self.uploads.iter().map(|size| size.bytes as f64 * f64::from(size.weight)).sum();
        all / f64::from(weights.max(1))
    }

    /// The share of all questions that have several parts.
    #[must_use]
    pub fn parts_share(&self) -> f64 {
        let questions = self.mean(|task| match task {
            Task::Conversation => 3.5,
            task if task.is_question() => 1.0,
            _ => 0.0,
        });
        self.mean(|task| f64::from(u8::from(task == Task::Parts))) / questions.max(f64::MIN_POSITIVE)
    }

    fn mean(&self, of_task: impl Fn(Task) -> f64) -> f64 {
        let sum: u32 = self.classes.iter().map(|class| class.weight).sum();
        let of_class = |class: &ClassShare| {
            let weights: u32 = class.tasks.values().sum();
            let all: f64 = class.tasks.iter().map(|(task, weight)| f64::from(*weight) * of_task(*task)).sum();
            f64::from(class.weight) / f64::from(sum.max(1)) * all / f64::from(weights.max(1))
        };
        self.classes.iter().map(of_class).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> Workload {
        Workload::read("seed").unwrap()
    }

    #[test]
    fn every_workload_that_comes_along_is_read() {
        for (name, _) in BUILT_IN {
            let workload = Workload::read(name).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(workload.classes, seed().classes, "{name}");
            assert_eq!(workload.stages.is_empty(), *name == "seed", "{name}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, said) in [
            ("extends = \"sed\"", "extends = \"sed\""),
            ("extends = \"seed\"\n[[stage]]\nusers = 5\nramp_minute = 1\nhold_minutes = 1", "ramp_minute"),
            ("title = 5", "title"),
            ("extends = \"seed\"\n[pacing]\nthink_s = [10, 3]\nturn_s = [1, 3]", "not after it ends"),
        ] {
            let error = Workload::parse("mine.toml", text).map_err(|error| error.to_string()).unwrap_err();
            assert!(error.contains("mine.toml") && error.contains(said), "{error}");
        }
        let error = Workload::read("nothing").map_err(|error| error.to_string()).unwrap_err();
        assert!(error.contains("seed, smoke, stress, spike, soak"), "{error}");
    }

    #[test]
    fn the_mix_holds_at_any_moment() {
        let workload = seed();
        for people in [10, 50, 100, 200, 500] {
            let count = |class| (0..people).filter(|person| workload.class(*person) == class).count() * 100 / people;
            assert_eq!([count(Class::Regular), count(Class::Power), count(Class::Admin)], [70, 20, 10], "{people}");
        }
        assert!((0..10).any(|person| workload.class(person) == Class::Admin));
    }

    #[test]
    fn tasks_and_uploads_come_by_their_weights() {
        let (workload, mut lot) = (seed(), Lot::new(9, 0));
        let questions = (0..50_000).filter(|_| workload.next_task(Class::Regular, &mut lot) == Task::Question).count();
        // Five standard deviations of 50,000 draws are 512.
        assert!(questions.abs_diff(35_000) < 512, "{questions}");
        let long = (0..50_000).filter(|_| workload.next_upload(&mut lot) == 400_000).count();
        assert!(long.abs_diff(5_000) < 336, "{long}");
    }

    #[test]
    fn requests_and_parts_are_counted_from_the_mix() {
        // Of a hundred tasks 20 are of power users; a quarter of those are conversations of three and a half requests.
        assert!((seed().requests_per_task() - (1.0 + 0.2 * 0.25 * 2.5)).abs() < 1e-9);
        assert!((seed().mean_pause_s() - 6.0).abs() < 1e-9 && (seed().mean_upload_bytes() - 54_400.0).abs() < 1e-9);
        // 9 of 49 + 9 + 17.5.
        assert!((seed().parts_share() - 9.0 / 75.5).abs() < 1e-9);
    }
}
