//! Whether it is of use, and what that costs.

use telemetry::{Metric, names};

use super::{Dashboard, Panel};
use crate::promql::{of, traffic_rate};
use crate::rules::traffic;
use crate::{Levels, Window};

const HOUR: Window = Window::from_seconds(3_600);
const MINUTES: Window = Window::from_seconds(300);
/// Hours in a month, of 365.25 days in a year.
const HOURS_IN_MONTH: f64 = 730.5;

fn in_an_hour(metric: &Metric, labels: &str, by: &str) -> String {
    format!("sum {by}(increase({}[{HOUR}]))", of(metric, labels))
}

pub(super) fn dashboard(levels: &Levels) -> Dashboard {
    let answers = in_an_hour(&names::ANSWERS, "", "");
    let up = in_an_hour(&names::FEEDBACK, "rating=\"up\"", "");
    let services = levels.services.iter().filter(|service| service.routes.iter().all(|route| !route.is_empty()));
    let mut features = Panel::new("Use of features, requests a minute", "cpm");
    for service in services {
        let routes = service.routes.iter().map(|route| format!("{route}.*")).collect::<Vec<_>>().join("|");
        let rate = format!("sum(rate({}[{HOUR}]))", of(&names::HTTP_REQUESTS, &format!("route=~\"{routes}\"")));
        features = features.line(service.name.as_str(), format!("60 * {rate}"));
    }
    let price = levels.cost.pod_dollars_a_month / HOURS_IN_MONTH;
    let requests = crate::promql::requests(levels, HOUR);
    let panels = vec![
        Panel::new("Answers in the last hour", "short").line("{{mode}}", in_an_hour(&names::ANSWERS, "", "by (mode) ")),
        Panel::new("Answered from the documents", "percent")
            .line("share", format!("100 * {} / {answers}", in_an_hour(&names::ANSWERS, "grounded=\"true\"", ""))),
        Panel::new("Feedback in the last hour", "short")
            .line("{{rating}}", in_an_hour(&names::FEEDBACK, "", "by (rating) ")),
        Panel::new("Feedback score: good ratings of all", "percent")
            .line("score", format!("100 * {up} / {}", in_an_hour(&names::FEEDBACK, "", ""))),
        features,
        // The peak is of what the rules record.
        Panel::new("Peak pattern: requests a second", "reqps").line("now", traffic_rate(levels, "", MINUTES)).line(
            "the peak of the last day",
            format!("max_over_time({}[1d]) / {}", traffic(MINUTES), MINUTES.seconds()),
        ),
        Panel::new("People", "short").line("{{role}}", format!("max by (role) ({})", of(&names::USERS, ""))),
        Panel::new("Attempts to sign in, in the last hour", "short")
            .line("{{outcome}}", in_an_hour(&names::SIGN_INS, "", "by (outcome) "))
            .line("too many", in_an_hour(&names::RATE_LIMITED, "", "")),
        Panel::new("Documents", "short").line("{{status}}", format!("max by (status) ({})", of(&names::DOCUMENTS, ""))),
        Panel::new("Uploads in the last hour", "short")
            .line("{{outcome}}", in_an_hour(&names::UPLOADS, "", "by (outcome) ")),
        Panel::new("Cost of a thousand requests", "currencyUSD")
            .line("dollars", format!("1000 * sum(up{{job=\"voiceassist\"}}) * {price:.5} / {requests}")),
        Panel::new("Cost of a month at this size", "currencyUSD")
            .line("dollars", format!("sum(up{{job=\"voiceassist\"}}) * {}", levels.cost.pod_dollars_a_month)),
    ];
    Dashboard { file: "business-metrics.json", title: "VoiceAssist: business metrics", panels }
}
