//! Whether the number of processes follows the load.

use telemetry::names;

use super::{Dashboard, Panel};
use crate::promql::{of, traffic_rate};
use crate::{Bound, Levels, Window};

const MINUTE: Window = Window::from_seconds(60);

pub(super) fn dashboard(levels: &Levels) -> Dashboard {
    let capacity = &levels.capacity;
    let scaled =
        |metric: &str| format!("kube_horizontalpodautoscaler_{metric}{{horizontalpodautoscaler=~\"voiceassist-.*\"}}");
    let share = |used: String, limit: &telemetry::Metric| {
        format!("100 * sum by (instance) ({used}) / sum by (instance) ({})", of(limit, ""))
    };
    let panels = vec![
        Panel::new("Processes that are scraped", "short").line("up", "sum(up{job=\"voiceassist\"})"),
        Panel::new("Replicas", "short")
            .line("{{horizontalpodautoscaler}}: there", scaled("status_current_replicas"))
            .line("{{horizontalpodautoscaler}}: wanted", scaled("status_desired_replicas"))
            .line("{{horizontalpodautoscaler}}: at most", scaled("spec_max_replicas"))
            .of_kubernetes(),
        Panel::new("CPU by process, of what it may use", "percent")
            .line(
                "{{instance}}",
                share(format!("rate({}[{MINUTE}])", of(&names::PROCESS_CPU, "")), &names::PROCESS_CPU_LIMIT),
            )
            .bound(Bound::AtMost(capacity.target_cpu_percent)),
        Panel::new("Memory by process, of what it may hold", "percent")
            .line("{{instance}}", share(of(&names::PROCESS_MEMORY, ""), &names::PROCESS_MEMORY_LIMIT))
            .bound(Bound::AtMost(capacity.target_memory_percent)),
        Panel::new("Requests a second, by process", "reqps")
            .line("{{instance}}", traffic_rate(levels, "by (instance) ", MINUTE))
            .bound(Bound::AtMost(capacity.requests_per_second_per_pod)),
        Panel::new("Changes of the number of replicas", "short")
            .line("{{horizontalpodautoscaler}}", format!("changes({}[10m])", scaled("status_desired_replicas")))
            .of_kubernetes(),
        Panel::new("Jobs that wait", "short")
            .line("{{kind}}", format!("max by (kind) ({})", of(&names::JOBS, "state=\"queued\""))),
        Panel::new("Requests refused a second", "reqps")
            .line("{{reason}}", format!("sum by (reason) (rate({}[{MINUTE}]))", of(&names::HTTP_SHED, ""))),
    ];
    Dashboard { file: "autoscaling-monitoring.json", title: "VoiceAssist: autoscaling", panels }
}
