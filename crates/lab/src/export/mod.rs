//! The same workload for other generators: a plan with everything that comes by lot, and a script that plays it.
//!
//! Drawing the lots here keeps the workload in one place, and makes what the generators measure comparable to a request: with the
//! same seed, each person does the same, in the same order, with the same pauses.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::load::{Person, escaped};
use crate::workload::{Asked, Catalogue, Class, Lot, Pacing, Sort, Task, Workload, note};

/// Plays a plan with k6.
pub const K6: &str = include_str!("k6.js");
/// Plays a plan with Locust.
pub const LOCUST: &str = include_str!("locustfile.py");

/// What everybody does.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// The workload.
    pub title: String,
    /// What everything by lot came from.
    pub seed: u64,
    /// One after the other.
    pub people: Vec<Planned>,
}

/// What one person does.
#[derive(Clone, Debug, Serialize)]
pub struct Planned {
    /// What kind.
    pub class: Class,
    /// The access token.
    pub token: String,
    /// When they go, in seconds after they came. No step begins later.
    pub seconds: f64,
    /// One after the other.
    pub steps: Vec<Step>,
}

/// A request, after a pause.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// How long after the answer to the last one, in seconds.
    pub pause_s: f64,
    /// What for.
    pub task: Task,
    /// The method.
    pub method: &'static str,
    /// Where to, with `{conversation}` and `{message}` in the place of the last answer's.
    pub path: String,
    /// The body, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json: Option<Value>,
    /// The document, where one is uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<File>,
    /// Whether it goes on with the last conversation.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub goes_on: bool,
    /// Whether it makes no sense without an answer before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub needs_answer: bool,
}

/// A document.
#[derive(Clone, Debug, Serialize)]
pub struct File {
    /// Its name.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// How a plan is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Drawing<'a> {
    /// Who does what.
    pub workload: &'a Workload,
    /// What is asked.
    pub catalogue: &'a Catalogue,
    /// How long everybody is there, in seconds; all come at once.
    pub seconds: f64,
    /// Whether documents are uploaded.
    pub uploads: bool,
    /// What everything by lot comes from.
    pub seed: u64,
    /// Makes the uploads different from those of any other plan.
    pub nonce: u64,
}

/// Somebody whose steps are being drawn.
struct Drawn {
    planned: Planned,
    lot: Lot,
    has_asked: bool,
    /// A pause that comes before the next step.
    pause_s: f64,
}

impl Drawing<'_> {
    /// What these people do, as if all answers took no time: who waits for answers does not come as far.
    #[must_use]
    pub fn plan(&self, people: &[Person]) -> Plan {
        let asked = Asked::nothing(self.catalogue);
        let pacing = self.workload.pacing(people.len(), None, None, 1.0);
        let mut notes = 0;
        let mut drawn: Vec<Drawn> = people.iter().map(|person| self.begin(person)).collect();
        // What was asked before somebody asks depends on when all others ask.
        let mut next: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
        for (place, one) in drawn.iter_mut().enumerate() {
            one.pause_s = pacing.think(&mut one.lot).as_secs_f64();
            next.push(Reverse((microseconds(one.pause_s), place)));
        }
        while let Some(Reverse((at, place))) = next.pop() {
            let Some(one) = drawn.get_mut(place).filter(|_| at < microseconds(self.seconds)) else { continue };
            let before: f64 = one.planned.steps.iter().map(|step| step.pause_s).sum();
            self.draw(one, &asked, &pacing, &mut notes);
            let after: f64 = one.planned.steps.iter().map(|step| step.pause_s).sum();
            let turns = after - before - one.pause_s;
            one.pause_s = pacing.think(&mut one.lot).as_secs_f64();
            next.push(Reverse((at + microseconds(turns + one.pause_s), place)));
        }
        let people = drawn.into_iter().map(|one| one.planned).collect();
        Plan { title: self.workload.title.clone(), seed: self.seed, people }
    }

    fn begin(&self, person: &Person) -> Drawn {
        let planned =
            Planned { class: person.class, token: person.token.clone(), seconds: self.seconds, steps: Vec::new() };
        Drawn { planned, lot: Lot::new(self.seed, person.number as u64), has_asked: false, pause_s: 0.0 }
    }

    /// Adds the steps of a person's next task.
    fn draw(&self, one: &mut Drawn, asked: &Asked, pacing: &Pacing, notes: &mut u64) {
        let task = self.workload.next_task(one.planned.class, &mut one.lot);
        let step = match task {
            Task::Upload if self.uploads => self.upload(one, notes),
            Task::Upload | Task::Documents => get(Task::Documents),
            // Who reads figures over there reads them where everybody can.
            Task::Metrics => Step { path: Task::Health.path().to_owned(), ..get(task) },
            Task::Search => {
                let subject = escaped(self.catalogue.subject(&mut one.lot));
                Step { path: task.path().replace("{subject}", &subject), ..get(task) }
            }
            Task::History | Task::Export if one.has_asked => Step { needs_answer: true, ..get(task) },
            Task::Feedback if one.has_asked => {
                Step { needs_answer: true, ..post(task, json!({ "rating": one.lot.rating() })) }
            }
            Task::Profile | Task::Health | Task::People | Task::CacheStatistics | Task::Dashboard => get(task),
            Task::Parts => self.ask(Task::Parts, Sort::Parts, one, asked),
            Task::Conversation => self.ask(Task::Conversation, Sort::Simple, one, asked),
            // Whoever has asked nothing yet asks first.
            Task::Question | Task::FollowUp | Task::History | Task::Export | Task::Feedback => {
                self.ask(Task::Question, Sort::Simple, one, asked)
            }
        };
        one.has_asked |= step.task.is_question();
        one.planned.steps.push(Step { pause_s: one.pause_s, ..step });
        if task == Task::Conversation {
            for _ in 0..one.lot.more_turns() {
                let pause_s = pacing.turn(&mut one.lot).as_secs_f64();
                let step = match one.lot.leaning() {
                    Some(text) => post(Task::FollowUp, json!({ "message": text })),
                    None => self.ask(Task::FollowUp, Sort::Simple, one, asked),
                };
                one.planned.steps.push(Step { pause_s, goes_on: true, needs_answer: true, ..step });
            }
        }
    }

    fn ask(&self, task: Task, sort: Sort, one: &mut Drawn, asked: &Asked) -> Step {
        let share = self.workload.questions.reworded_share;
        let (text, _) = asked.next(self.catalogue, sort, share, &mut one.lot);
        post(task, json!({ "message": text }))
    }

    fn upload(&self, one: &mut Drawn, notes: &mut u64) -> Step {
        let number = *notes ^ self.nonce;
        *notes += 1;
        let length = self.workload.next_upload(&mut one.lot);
        let text = note(self.catalogue, number, length, &mut one.lot);
        let file = File { name: format!("note-{number:x}.md"), text };
        Step { method: "POST", file: Some(file), ..get(Task::Upload) }
    }
}

fn get(task: Task) -> Step {
    Step {
        pause_s: 0.0,
        task,
        method: "GET",
        path: task.path().to_owned(),
        json: None,
        file: None,
        goes_on: false,
        needs_answer: false,
    }
}

fn post(task: Task, body: Value) -> Step {
    Step { method: "POST", json: Some(body), ..get(task) }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pauses are above 0, and plans no centuries"
)]
fn microseconds(seconds: f64) -> u64 {
    (1e6 * seconds).round() as u64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn plan(users: usize, seconds: f64, seed: u64) -> Plan {
        let workload = Workload::read("seed").unwrap();
        let subjects: Vec<String> = (0..300).map(|number| format!("part {number}")).collect();
        let catalogue = Catalogue::build(&subjects, &[], 3_000, 1.0, seed);
        let people: Vec<Person> = (0..users).map(|number| Person::imagined(number, workload.class(number))).collect();
        Drawing { workload: &workload, catalogue: &catalogue, seconds, uploads: true, seed, nonce: 0 }.plan(&people)
    }

    #[test]
    fn everybody_does_what_their_kind_does_until_they_go() {
        let plan = plan(100, 600.0, 1);
        let mut counts: BTreeMap<(Class, Task), usize> = BTreeMap::new();
        for person in &plan.people {
            let pauses: f64 = person.steps.iter().map(|step| step.pause_s).sum();
            // The last conversation, or the last pause, may reach beyond the end; a script does not begin what does.
            assert!((590.0..625.0).contains(&pauses), "{pauses}");
            for step in &person.steps {
                *counts.entry((person.class, step.task)).or_default() += 1;
                assert!(!step.path.contains("{subject}"), "{}", step.path);
                assert_eq!(step.path.contains('{'), step.needs_answer && !step.goes_on, "{step:?}");
            }
            assert!(person.steps.first().is_some_and(|first| !first.needs_answer));
        }
        let of = |class, task| counts.get(&(class, task)).copied().unwrap_or_default() as f64;
        // 70 regular users do 92 things each in ten minutes; five standard deviations of a share of a tenth are 0.019.
        let regular = |task| of(Class::Regular, task) / (70.0 * 92.3);
        assert!((regular(Task::Feedback) - 0.1).abs() < 0.019 && regular(Task::Question) > 0.65, "{counts:?}");
        let follow_ups = of(Class::Power, Task::FollowUp) / of(Class::Power, Task::Conversation);
        assert!((2.3..2.7).contains(&follow_ups), "{follow_ups}");
        assert!(of(Class::Admin, Task::Upload) > 100.0);
    }

    #[test]
    fn a_seed_fixes_a_plan() {
        let written = |seed| serde_json::to_string(&plan(5, 60.0, seed)).unwrap();
        assert_eq!(written(1), written(1));
        assert_ne!(written(1), written(2));
    }
}
