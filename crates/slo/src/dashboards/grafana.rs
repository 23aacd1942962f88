//! Dashboards in Grafana's JSON.

use serde_json::{Value, json};

use super::{Dashboard, Needs, Panel};

/// The version of Grafana's schema that this follows, of Grafana 10.
const SCHEMA: u32 = 39;
/// Two panels stand side by side, in Grafana's grid of 24 columns.
const WIDTH: usize = 12;
const HEIGHT: usize = 8;

pub(super) fn dashboard(dashboard: &Dashboard) -> Value {
    let panels: Vec<Value> =
        dashboard.panels.iter().enumerate().map(|(place, panel)| self::panel(place, panel)).collect();
    json!({
        "uid": dashboard.file.trim_end_matches(".json"),
        "title": dashboard.title,
        "description": "Written by `voiceassist slo dashboards` from slo.toml: change that file, and run `make generate`.",
        "tags": ["voiceassist"],
        "schemaVersion": SCHEMA,
        "editable": true,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": { "from": "now-1h", "to": "now" },
        "timezone": "browser",
        "templating": { "list": [
            { "name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus" },
        ] },
        "panels": panels,
    })
}

fn panel(place: usize, panel: &Panel) -> Value {
    let targets: Vec<Value> = panel
        .queries
        .iter()
        .zip('A'..)
        .map(|((query, name), letter)| json!({ "refId": letter.to_string(), "expr": query, "legendFormat": name }))
        .collect();
    let needs = match panel.needs {
        Needs::VoiceAssist => "",
        Needs::Kubernetes => "Needs kube-state-metrics.",
    };
    json!({
        "id": place + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": needs,
        "datasource": { "type": "prometheus", "uid": "${datasource}" },
        "gridPos": { "x": place % 2 * WIDTH, "y": place / 2 * HEIGHT, "w": WIDTH, "h": HEIGHT },
        "fieldConfig": { "defaults": {
            "unit": panel.unit,
            "min": 0,
            "custom": { "thresholdsStyle": { "mode": if panel.bounds.is_empty() { "off" } else { "dashed" } } },
            "thresholds": { "mode": "absolute", "steps": steps(panel) },
        }, "overrides": [] },
        "options": { "legend": { "displayMode": "list", "placement": "bottom" }, "tooltip": { "mode": "multi" } },
        "targets": targets,
    })
}

/// Grafana colours what lies above a step. With upper bounds it becomes worse with each of them, with lower ones better.
fn steps(panel: &Panel) -> Vec<Value> {
    let mut limits: Vec<f64> = panel.bounds.iter().map(|bound| bound.limit()).collect();
    limits.sort_by(f64::total_cmp);
    let is_upper = panel.bounds.first().is_none_or(|bound| bound.is_upper());
    let colours = match (is_upper, limits.len()) {
        (true, 0 | 1) => ["green", "red", "red"],
        (true, _) => ["green", "orange", "red"],
        (false, 1) => ["red", "green", "green"],
        (false, _) => ["red", "orange", "green"],
    };
    let base = json!({ "color": colours[0], "value": null });
    let above = limits
        .iter()
        .enumerate()
        .map(|(place, limit)| json!({ "color": colours.get(place + 1).unwrap_or(&colours[2]), "value": limit }));
    std::iter::once(base).chain(above).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bound;

    #[test]
    fn colours_follow_the_side_of_the_bounds() {
        let colours = |bounds: Vec<Bound>| {
            let panel = Panel { bounds, ..Panel::new("", "ms") };
            steps(&panel).iter().map(|step| step["color"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(colours(vec![]), ["green"]);
        assert_eq!(colours(vec![Bound::Below(5.0)]), ["green", "red"]);
        assert_eq!(colours(vec![Bound::Below(9.0), Bound::Below(5.0)]), ["green", "orange", "red"]);
        assert_eq!(colours(vec![Bound::Above(5.0)]), ["red", "green"]);
        assert_eq!(colours(vec![Bound::Above(5.0), Bound::Above(9.0)]), ["red", "orange", "green"]);
    }
}
