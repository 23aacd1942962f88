//! Bars: groups of them beside each other, or each beginning where the one before ends.

use std::fmt::Write as _;

use super::super::number;
use super::escaped;

const WIDTH: f64 = 640.0;
/// Where bars begin; their names stand before.
const LEFT: f64 = 190.0;
const RIGHT: f64 = 70.0;
const BAR: f64 = 16.0;
const GAP: f64 = 8.0;

/// Bars that lie, each with its name.
pub(super) struct Bars {
    pub(super) title: String,
    /// Where its figures stand in the run file.
    pub(super) from: String,
    pub(super) unit: &'static str,
    /// A name, where the bar begins, how long it is, and which colour it has.
    pub(super) all: Vec<(String, f64, f64, usize)>,
}

impl Bars {
    /// The drawing; empty where there is nothing to draw.
    pub(super) fn svg(&self) -> String {
        let most = self.all.iter().map(|(_, from, length, _)| from + length).fold(0.0, f64::max);
        if most <= 0.0 {
            return String::new();
        }
        let scale = (WIDTH - LEFT - RIGHT) / most;
        let height = self.all.len() as f64 * (BAR + GAP) + GAP;
        let mut svg =
            format!(r#"<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{}">"#, escaped(&self.title));
        for (place, (name, from, length, colour)) in self.all.iter().enumerate() {
            let y = GAP + place as f64 * (BAR + GAP);
            let (x, width) = (LEFT + scale * from, (scale * length).max(1.0));
            // Writing to a string cannot fail.
            let _ = write!(
                svg,
                r#"<text class="tick" x="{:.1}" y="{:.1}" text-anchor="end">{}</text><rect class="bar c{colour}" x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{BAR}"/><text class="tick" x="{:.1}" y="{:.1}">{}{}</text>"#,
                LEFT - 8.0,
                y + 12.0,
                escaped(name),
                x + width + 6.0,
                y + 12.0,
                number(*length),
                self.unit
            );
        }
        svg.push_str("</svg>");
        svg
    }
}
