//! Throughput, users, response time and pauses.

use super::super::document::Document;
use super::super::number::{Quantity, Unit, shown};
use super::super::response::MeanResponse;
use super::super::runs::{Run, compared, runs};
use super::super::{Contradiction, TOLERANCE};

/// The row that it is about.
const THROUGHPUT: &str = "throughput";

/// The interactive response time law, X = N / (R + Z), for every run with users who pause. Source: Little, "A proof for
/// the queuing formula: L = λW", Operations Research 9 (1961); Lazowska et al., "Quantitative System Performance"
/// (1984), chapter 3.
///
/// Only what no distribution with these percentiles allows is a contradiction.
pub(super) fn check(document: &Document) -> Vec<Contradiction> {
    let Some(pause) = pause(document) else { return Vec::new() };
    let all = runs(document).into_iter().chain(compared(document));
    all.filter_map(|run| of_run(&run, pause)).collect()
}

/// How long people pause for each request, in milliseconds: what was measured, or else the middle of the think times.
fn pause(document: &Document) -> Option<f64> {
    let said = |name: &str| document.lines("test methodology").find_map(|line| Quantity::of(line.value(name)?));
    let pause = said("mean pause").or_else(|| said("think time"))?;
    (pause.unit == Unit::Milliseconds).then(|| pause.middle())
}

fn of_run(run: &Run, pause: f64) -> Option<Contradiction> {
    let throughput = run.measured(THROUGHPUT).filter(|figure| [Unit::PerSecond, Unit::Count].contains(&figure.unit))?;
    let response = MeanResponse::of(run);
    let users = f64::from(run.users);
    let rate = |response: f64| users / ((response + pause) / 1_000.0);
    let expected = rate(response.map_or(0.0, |response| response.about));
    let is_too_much = throughput.least > (1.0 + TOLERANCE) * rate(response.map_or(0.0, |response| response.least));
    // Requests that fail may be left out of the throughput.
    let served = 1.0 - run.measured("error rate").map_or(0.0, |errors| errors.most / 100.0).clamp(0.0, 1.0);
    let least = response.map_or(0.0, |response| rate(response.most) * served);
    let is_too_little = throughput.most < (1.0 - TOLERANCE) * least;
    if !is_too_much && !is_too_little {
        return None;
    }
    let (measured, pause) = (shown(throughput.middle()), shown(pause / 1_000.0));
    let title = format!(
        "{measured} req/s from {} users who pause for {pause} s, where N / (R + Z) is {}",
        run.users,
        shown(expected)
    );
    let each = shown(throughput.middle() / expected);
    let consistent = shown(users / throughput.middle() - response.map_or(0.0, |response| response.about / 1_000.0));
    let detail = format!(
        "consistent would be {} req/s, or pauses of {consistent} s, or {each} requests in each pause and a \
         line \"Mean Pause\"",
        shown(expected)
    );
    run.contradiction(THROUGHPUT, title, detail)
}
