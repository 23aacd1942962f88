//! When pods were added, against how many there were.

use super::super::document::Document;
use super::super::number::{Quantity, shown};
use super::super::runs::runs;
use super::super::{Contradiction, Place};

/// The heading of the timeline.
const TIMELINE: &str = "scaling events timeline";
/// The autoscaler follows with a delay, in which this many users come: a minute of the ramp.
const DELAY_USERS: f64 = 10.0;

/// That some pods run with some number of users.
struct Statement {
    users: f64,
    pods: Quantity,
    /// What happened: empty in the other tables.
    event: String,
    place: Place,
}

/// A pod that is added at some number of users did not run with fewer. Where pods are taken away as well, the order of
/// the rows would count, and nothing is said.
pub(super) fn check(document: &Document) -> Vec<Contradiction> {
    let events = events(document);
    if events.iter().any(|event| event.event.contains("scale down")) {
        return Vec::new();
    }
    let elsewhere = elsewhere(document);
    let mut found: Vec<Contradiction> = events.iter().filter_map(|event| differing(event, &elsewhere)).collect();
    let added = events.iter().filter(|event| event.event.contains("scale up"));
    found.extend(added.filter_map(|added| {
        let earlier =
            |other: &&Statement| other.users + DELAY_USERS < added.users && other.pods.most >= added.pods.least;
        let earlier = events.iter().chain(&elsewhere).find(earlier)?;
        let (users, pods) = (shown(added.users), shown(added.pods.least));
        let title = format!(
            "scale-up to {pods} pods at {users} users, but line {} has up to {} at {} users",
            earlier.place.line,
            shown(earlier.pods.most),
            shown(earlier.users)
        );
        let fewer = shown(added.pods.least - 1.0);
        let detail = format!("consistent would be at most {fewer} pods below {users} users, or an earlier scale-up");
        Some(Contradiction { place: added.place.clone(), title, detail })
    }));
    found
}

/// An event that has other pods than the tables, with the same users.
fn differing(event: &Statement, elsewhere: &[Statement]) -> Option<Contradiction> {
    let differs = |other: &&Statement| {
        let is_same_load = (other.users - event.users).abs() < 0.5;
        is_same_load && (other.pods.least > event.pods.most || other.pods.most < event.pods.least)
    };
    let other = elsewhere.iter().find(differs)?;
    let range = |pods: Quantity| format!("{} to {}", shown(pods.least), shown(pods.most));
    Some(Contradiction {
        place: event.place.clone(),
        title: format!("{} pods, but line {} has {}", range(event.pods), other.place.line, range(other.pods)),
        detail: "consistent would be ranges that overlap".to_owned(),
    })
}

fn events(document: &Document) -> Vec<Statement> {
    let mut events = Vec::new();
    for table in document.tables(TIMELINE) {
        let (Some(users), Some(pods)) = (table.column("user count"), table.column("pod count")) else { continue };
        let event = table.column("event");
        events.extend(table.rows.iter().filter_map(|row| {
            Some(Statement {
                users: table.quantity(row, users)?.middle(),
                pods: table.quantity(row, pods)?,
                event: event.and_then(|event| row.text(event)).unwrap_or_default().to_lowercase(),
                place: table.place(row),
            })
        }));
    }
    events
}

fn elsewhere(document: &Document) -> Vec<Statement> {
    let of_runs = runs(document)
        .into_iter()
        .filter_map(|run| Some((run.users, run.measured("pod count")?, run.place("pod count")?)));
    let of_tables = ["cpu utilization", "memory utilization"]
        .into_iter()
        .flat_map(|heading| document.by_row(heading, "pod count"))
        .map(|load| (load.users, load.quantity, load.place));
    let statement = |(users, pods, place)| Statement { users: f64::from(users), pods, event: String::new(), place };
    of_runs.chain(of_tables).map(statement).collect()
}
