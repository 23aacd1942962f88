//! Lines over an axis, as SVG that needs nothing else: colours come from the page, so that they follow its light or dark.

use std::fmt::Write as _;

use super::super::number;
use super::escaped;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 38.0;
/// Points that are drawn as such, and tell their value when the mouse is on them; more than that only make a line.
const DOTS: usize = 40;

/// A chart.
pub(super) struct Chart {
    pub(super) title: String,
    /// Where its figures stand in the run file.
    pub(super) from: String,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) lines: Vec<Line>,
    /// What the values are held to.
    pub(super) bounds: Vec<(String, f64)>,
}

/// An axis.
pub(super) struct Axis {
    pub(super) label: &'static str,
    pub(super) scale: Scale,
}

/// How values become distances.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// Evenly, from zero.
    Linear,
    /// By powers of ten.
    Log,
    /// Shares from 0 to 1 by how many nines they have: 0.9, 0.99, 0.999 are equally far apart.
    Nines,
}

/// A line.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

impl Line {
    pub(super) fn new(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { name: name.into(), points: points.into_iter().collect() }
    }
}

impl Chart {
    /// The drawing; empty where there is nothing to draw.
    pub(super) fn svg(&self) -> String {
        let values = |of: fn(&(f64, f64)) -> f64| self.lines.iter().flat_map(move |line| line.points.iter().map(of));
        let bounds = self.bounds.iter().map(|(_, bound)| *bound);
        let x = Place::of(self.x.scale, values(|(x, _)| *x), LEFT, WIDTH - RIGHT);
        let y = Place::of(self.y.scale, values(|(_, y)| *y).chain(bounds), HEIGHT - BOTTOM, TOP);
        let (Some(x), Some(y)) = (x, y) else { return String::new() };
        let mut svg =
            format!(r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{}">"#, escaped(&self.title));
        // Writing to a string cannot fail.
        for (value, label) in y.ticks() {
            let at = y.at(value);
            let _ = write!(
                svg,
                r#"<line class="grid" x1="{LEFT}" x2="{:.1}" y1="{at:.1}" y2="{at:.1}"/><text class="tick" x="{:.1}" y="{:.1}" text-anchor="end">{label}</text>"#,
                WIDTH - RIGHT,
                LEFT - 6.0,
                at + 4.0
            );
        }
        for (value, label) in x.ticks() {
            let at = x.at(value);
            let _ = write!(
                svg,
                r#"<line class="grid" x1="{at:.1}" x2="{at:.1}" y1="{TOP}" y2="{:.1}"/><text class="tick" x="{at:.1}" y="{:.1}" text-anchor="middle">{label}</text>"#,
                HEIGHT - BOTTOM,
                HEIGHT - BOTTOM + 15.0
            );
        }
        let _ = write!(
            svg,
            r#"<text class="axis" x="{:.1}" y="{:.1}" text-anchor="middle">{}</text><text class="axis" transform="translate(12 {:.1}) rotate(-90)" text-anchor="middle">{}</text>"#,
            f64::midpoint(LEFT, WIDTH - RIGHT),
            HEIGHT - 4.0,
            self.x.label,
            f64::midpoint(TOP, HEIGHT - BOTTOM),
            self.y.label
        );
        for (name, bound) in &self.bounds {
            let at = y.at(*bound);
            let _ = write!(
                svg,
                r#"<line class="bound" x1="{LEFT}" x2="{:.1}" y1="{at:.1}" y2="{at:.1}"/><text class="tick" x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#,
                WIDTH - RIGHT,
                WIDTH - RIGHT - 4.0,
                at - 4.0,
                escaped(name)
            );
        }
        for (place, line) in self.lines.iter().enumerate() {
            let points: Vec<(f64, f64)> = line.points.iter().map(|(of_x, of_y)| (x.at(*of_x), y.at(*of_y))).collect();
            if points.len() > 1 {
                let steps: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
                let _ = write!(svg, r#"<path class="line c{place}" d="M{}"/>"#, steps.join("L"));
            }
            if points.len() > DOTS {
                continue;
            }
            for ((at_x, at_y), (of_x, of_y)) in points.iter().zip(&line.points) {
                let _ = write!(
                    svg,
                    r#"<circle class="dot c{place}" cx="{at_x:.1}" cy="{at_y:.1}" r="3"><title>{}: {} at {}</title></circle>"#,
                    escaped(&line.name),
                    number(*of_y),
                    x.label(*of_x)
                );
            }
        }
        svg.push_str("</svg>");
        svg
    }

    /// The names of the lines, in the order of their colours.
    pub(super) fn legend(&self) -> Vec<&str> {
        self.lines.iter().map(|line| line.name.as_str()).collect()
    }
}

/// Where values lie between two ends of a drawing.
struct Place {
    scale: Scale,
    least: f64,
    most: f64,
    from: f64,
    to: f64,
}

impl Place {
    /// Nothing without values.
    fn of(scale: Scale, values: impl Iterator<Item = f64>, from: f64, to: f64) -> Option<Self> {
        let finite: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        let most = finite.iter().copied().reduce(f64::max)?;
        let (least, most) = match scale {
            Scale::Linear => (0.0, if most > 0.0 { 1.05 * most } else { 1.0 }),
            Scale::Log => {
                let above_zero = finite.iter().copied().filter(|value| *value > 0.0).reduce(f64::min)?;
                (above_zero.log10().floor(), (1.1 * most).log10().max(above_zero.log10().floor() + 1.0))
            }
            Scale::Nines => (0.0, nines(most)),
        };
        Some(Self { scale, least, most, from, to })
    }

    fn at(&self, value: f64) -> f64 {
        let scaled = match self.scale {
            Scale::Linear => value,
            Scale::Log => value.log10().max(self.least),
            Scale::Nines => nines(value),
        };
        self.from + (self.to - self.from) * (scaled - self.least) / (self.most - self.least).max(f64::MIN_POSITIVE)
    }

    fn ticks(&self) -> Vec<(f64, String)> {
        let values: Vec<f64> = match self.scale {
            Scale::Linear => {
                let step = round_step(self.most / 5.0);
                (0..20).map(|count| f64::from(count) * step).take_while(|value| *value <= self.most).collect()
            }
            Scale::Log => (-6..9)
                .map(|power| 10_f64.powi(power))
                .filter(|value| (self.least..=self.most).contains(&value.log10()))
                .collect(),
            Scale::Nines => vec![0.0, 0.5, 0.9, 0.99, 0.999, 0.9999]
                .into_iter()
                .filter(|share| nines(*share) <= self.most)
                .collect(),
        };
        values.into_iter().map(|value| (value, self.label(value))).collect()
    }

    fn label(&self, value: f64) -> String {
        match self.scale {
            Scale::Linear | Scale::Log => number(value),
            Scale::Nines => format!("{} %", (1e6 * value).round() / 1e4),
        }
    }
}

/// How many nines a share has.
fn nines(share: f64) -> f64 {
    -(1.0 - share).max(1e-6).log10()
}

/// 1, 2 or 5 times a power of ten, at least so much.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= least).unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(scale: Scale, values: &[f64]) -> Place {
        Place::of(scale, values.iter().copied(), 0.0, 100.0).unwrap()
    }

    #[test]
    fn values_lie_where_their_scale_has_them() {
        let linear = place(Scale::Linear, &[0.0, 100.0]);
        assert!((linear.at(52.5) - 50.0).abs() < 1e-9);
        let labels = |place: &Place| place.ticks().into_iter().map(|(_, label)| label).collect::<Vec<_>>();
        assert_eq!(labels(&linear), ["0", "50", "100"]);
        let log = place(Scale::Log, &[2.0, 900.0]);
        assert_eq!(labels(&log), ["1", "10", "100"]);
        let distance = |log: &Place, from: f64, to: f64| log.at(to) - log.at(from);
        assert!((distance(&log, 1.0, 10.0) - distance(&log, 10.0, 100.0)).abs() < 1e-9);
        let nines = place(Scale::Nines, &[0.5, 0.999]);
        assert_eq!(labels(&nines), ["0 %", "50 %", "90 %", "99 %", "99.9 %"]);
        assert!((distance(&nines, 0.9, 0.99) - distance(&nines, 0.99, 0.999)).abs() < 1e-9);
    }

    #[test]
    fn names_cannot_break_out_of_a_drawing() {
        let axis = |label| Axis { label, scale: Scale::Linear };
        let chart = Chart {
            title: "a <b> & \"c\"".to_owned(),
            from: String::new(),
            x: axis("x"),
            y: axis("y"),
            lines: vec![Line::new("<script>", [(0.0, 1.0), (1.0, 2.0)])],
            bounds: vec![("<i>".to_owned(), 1.5)],
        };
        let svg = chart.svg();
        assert!(!svg.contains("<script>") && !svg.contains("<b>") && !svg.contains("<i>"), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 2);
        assert_eq!(Chart { lines: Vec::new(), bounds: Vec::new(), ..chart }.svg(), "");
    }
}
