//! Figures as people write them: `<200ms`, `180-280ms`, `40+ req/s`, `600-700m avg`, `1Gi`, `+30%`, `$450`.

/// A figure, or the range between two, in the base unit of what it measures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quantity {
    /// The lower end.
    pub(super) least: f64,
    /// The upper end.
    pub(super) most: f64,
    /// One in the last printed place.
    pub(super) step: f64,
    /// The sign before it, or the plus behind it.
    pub(super) sign: Option<Sign>,
    /// What it measures.
    pub(super) unit: Unit,
}

/// What a limit asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`, or a plus behind the number.
    AtLeast,
}

/// What a figure measures. Values are in the unit that is named here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// A number without a unit that matters.
    Count,
    Milliseconds,
    Percent,
    PercentagePoints,
    PerSecond,
    Bytes,
    BytesPerSecond,
    Cores,
    Dollars,
    /// How many times.
    Times,
}

impl Quantity {
    /// What a cell holds; nothing when it does not begin with a figure.
    pub(super) fn of(text: &str) -> Option<Self> {
        read(text.trim_start_matches(['~', '≈', ' '])).map(|(quantity, _)| quantity)
    }

    /// Every figure of a text. A number in a name (P95, L1) is none.
    pub(super) fn all(text: &str) -> Vec<Self> {
        let mut found = Vec::new();
        let (mut rest, mut in_word) = (text, false);
        while let Some(first) = rest.chars().next() {
            match read(rest) {
                Some((quantity, after)) if !in_word && !first.is_whitespace() => {
                    found.push(quantity);
                    rest = after;
                    in_word = true;
                }
                _ => {
                    in_word = first.is_alphanumeric() || "._".contains(first);
                    rest = rest.get(first.len_utf8()..).unwrap_or_default();
                }
            }
        }
        found
    }

    /// The first figure of a text in this unit.
    pub(super) fn find(text: &str, unit: Unit) -> Option<Self> {
        Self::all(text).into_iter().find(|quantity| quantity.unit == unit)
    }

    /// A figure without a unit takes the one of its column, as in `P50 (ms)`.
    pub(super) fn in_unit_of(self, label: &str) -> Self {
        let Some((unit, scale, _)) = super::label::parenthesised(label).and_then(read_unit) else { return self };
        if self.unit == Unit::Count { self.scaled(unit, scale) } else { self }
    }

    /// The middle of a range.
    pub(super) fn middle(self) -> f64 {
        f64::midpoint(self.least, self.most)
    }

    /// Whether two figures can be compared: a number without a unit takes the other's.
    pub(super) fn is_comparable(self, other: Self) -> bool {
        self.unit == other.unit || self.unit == Unit::Count || other.unit == Unit::Count
    }

    fn scaled(self, unit: Unit, scale: f64) -> Self {
        Self { least: self.least * scale, most: self.most * scale, step: self.step * scale, unit, ..self }
    }
}

/// Whether a cell says that there is nothing.
pub(super) fn is_absent(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    matches!(text.as_str(), "" | "-" | "–" | "—" | "n/a" | "none" | "missing") || text.starts_with("not ")
}

/// A value to three figures or so, as a person would write it.
pub(super) fn shown(value: f64) -> String {
    let places = match value.abs() {
        large if large >= 100.0 => 0,
        middling if middling >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.places$}");
    if places == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

/// A figure at the beginning of a text, and what follows it.
fn read(text: &str) -> Option<(Quantity, &str)> {
    let (sign, rest) = read_sign(text.trim_start());
    let (is_money, rest) = rest.strip_prefix('$').map_or((false, rest), |rest| (true, rest));
    let (negative, rest) = match rest.strip_prefix(['-', '−', '–']) {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix('+').unwrap_or(rest)),
    };
    let (value, step, rest) = read_number(rest)?;
    let value = if negative { -value } else { value };
    let (sign, rest) = match rest.strip_prefix('+') {
        Some(rest) if sign.is_none() => (Some(Sign::AtLeast), rest),
        _ => (sign, rest),
    };
    let first = Quantity { least: value, most: value, step, sign, unit: Unit::Count };
    let (first, rest) = with_unit(first, rest);
    let (whole, rest) = read_upper_end(first, rest).unwrap_or((first, rest));
    Some((if is_money { Quantity { unit: Unit::Dollars, ..whole } } else { whole }, rest))
}

/// The rest of a range, behind its lower end.
fn read_upper_end(lower: Quantity, text: &str) -> Option<(Quantity, &str)> {
    let text = text.trim_start();
    let rest = text.strip_prefix(['-', '–', '—', '−']).or_else(|| text.strip_prefix("to "))?.trim_start();
    let rest = rest.strip_prefix('$').unwrap_or(rest);
    let (value, step, rest) = read_number(rest)?;
    let (upper, rest) = with_unit(Quantity { least: value, most: value, step, ..lower_without_unit(lower) }, rest);
    // `600-700m`: the unit stands behind the second number only.
    let scale = if step > 0.0 { upper.step / step } else { 1.0 };
    let lower = if lower.unit == Unit::Count { lower.scaled(upper.unit, scale) } else { lower };
    (lower.unit == upper.unit && lower.least <= upper.most)
        .then_some((Quantity { most: upper.most, step: lower.step.max(upper.step), ..lower }, rest))
}

fn lower_without_unit(lower: Quantity) -> Quantity {
    Quantity { unit: Unit::Count, ..lower }
}

fn with_unit(quantity: Quantity, text: &str) -> (Quantity, &str) {
    read_unit(text).map_or((quantity, text), |(unit, scale, rest)| (quantity.scaled(unit, scale), rest))
}

fn read_sign(text: &str) -> (Option<Sign>, &str) {
    const SIGNS: [(&str, Sign); 6] = [
        (">=", Sign::AtLeast),
        ("≥", Sign::AtLeast),
        ("<=", Sign::AtMost),
        ("≤", Sign::AtMost),
        (">", Sign::Above),
        ("<", Sign::Below),
    ];
    SIGNS
        .iter()
        .find_map(|(written, sign)| text.strip_prefix(written).map(|rest| (Some(*sign), rest.trim_start())))
        .unwrap_or((None, text))
}

/// Digits, with commas between thousands and decimals; with one in the last place.
fn read_number(text: &str) -> Option<(f64, f64, &str)> {
    let (first, mut rest) = split_digits(text);
    let mut written = first.to_owned();
    while let Some(after) = rest.strip_prefix(',').filter(|_| !written.is_empty()) {
        let (digits, behind) = split_digits(after);
        if digits.len() != 3 {
            break;
        }
        written.push_str(digits);
        rest = behind;
    }
    let decimals = rest.strip_prefix('.').map_or("", |after| split_digits(after).0);
    if written.is_empty() {
        return None;
    }
    if !decimals.is_empty() {
        written = format!("{written}.{decimals}");
        rest = rest.get(1 + decimals.len()..).unwrap_or_default();
    }
    let value: f64 = written.parse().ok()?;
    let places = i32::try_from(decimals.len()).ok()?;
    value.is_finite().then(|| (value, 10_f64.powi(-places), rest))
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len()))
}

/// A unit at the beginning of a text, how many base units it is, and what follows it.
fn read_unit(text: &str) -> Option<(Unit, f64, &str)> {
    let text = text.trim_start();
    if let Some(rest) = text.strip_prefix('%') {
        let points = ["points", "point", "-points"].iter().find_map(|word| rest.trim_start().strip_prefix(word));
        return Some(points.map_or((Unit::Percent, 1.0, rest), |rest| (Unit::PercentagePoints, 1.0, rest)));
    }
    let ends = |character: char| character.is_whitespace() || ",;:()-–—|".contains(character);
    let (word, rest) = text.split_at(text.find(ends).unwrap_or(text.len()));
    let (unit, scale) = match word {
        "ms" => (Unit::Milliseconds, 1.0),
        "µs" | "us" => (Unit::Milliseconds, 1e-3),
        "s" | "sec" | "second" | "seconds" => (Unit::Milliseconds, 1e3),
        "min" | "minute" | "minutes" => (Unit::Milliseconds, 6e4),
        "h" | "hour" | "hours" => (Unit::Milliseconds, 3.6e6),
        "percent" => (Unit::Percent, 1.0),
        "points" | "point" | "pp" => (Unit::PercentagePoints, 1.0),
        "req/s" | "requests/s" | "rps" | "/s" => (Unit::PerSecond, 1.0),
        "/min" | "req/min" => (Unit::PerSecond, 1.0 / 60.0),
        "B" => (Unit::Bytes, 1.0),
        "KB" | "kB" => (Unit::Bytes, 1e3),
        "MB" => (Unit::Bytes, 1e6),
        "GB" => (Unit::Bytes, 1e9),
        "Ki" | "KiB" => (Unit::Bytes, 1_024.0),
        "Mi" | "MiB" => (Unit::Bytes, 1_048_576.0),
        "Gi" | "GiB" => (Unit::Bytes, 1_073_741_824.0),
        "KB/s" | "kB/s" => (Unit::BytesPerSecond, 1e3),
        "MB/s" => (Unit::BytesPerSecond, 1e6),
        "GB/s" => (Unit::BytesPerSecond, 1e9),
        "m" => (Unit::Cores, 1e-3),
        "vCPU" | "vCPUs" | "core" | "cores" => (Unit::Cores, 1.0),
        "x" | "×" | "times" => (Unit::Times, 1.0),
        _ => return None,
    };
    Some((unit, scale, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(text: &str, least: f64, most: f64, unit: Unit) {
        let quantity = Quantity::of(text).unwrap();
        let close = |value: f64, expected: f64| (value - expected).abs() <= 1e-9 * expected.abs();
        assert!(close(quantity.least, least) && close(quantity.most, most), "{text}: {quantity:?}");
        assert_eq!(quantity.unit, unit, "{text}");
    }

    #[test]
    fn figures_are_read_as_people_write_them() {
        is("<200ms", 200.0, 200.0, Unit::Milliseconds);
        is("180-280ms", 180.0, 280.0, Unit::Milliseconds);
        is("0.5 – 1.5 s", 500.0, 1_500.0, Unit::Milliseconds);
        is("3 to 10 seconds", 3_000.0, 10_000.0, Unit::Milliseconds);
        is("45 req/s", 45.0, 45.0, Unit::PerSecond);
        is("2/min", 1.0 / 30.0, 1.0 / 30.0, Unit::PerSecond);
        is("600-700m avg", 0.6, 0.7, Unit::Cores);
        is("1Gi", 1_073_741_824.0, 1_073_741_824.0, Unit::Bytes);
        is("22.5 MB/s", 22.5e6, 22.5e6, Unit::BytesPerSecond);
        is("0.3-0.8%", 0.3, 0.8, Unit::Percent);
        is("+30%", 30.0, 30.0, Unit::Percent);
        is("−20 %", -20.0, -20.0, Unit::Percent);
        is("18 points", 18.0, 18.0, Unit::PercentagePoints);
        is("18 % points", 18.0, 18.0, Unit::PercentagePoints);
        is("$450", 450.0, 450.0, Unit::Dollars);
        is("10 (max)", 10.0, 10.0, Unit::Count);
        is("2-3", 2.0, 3.0, Unit::Count);
        is("~1,234.5ms", 1_234.5, 1_234.5, Unit::Milliseconds);
        is("3.1x", 3.1, 3.1, Unit::Times);
        // A number that falls is no range.
        is("450 -18%", 450.0, 450.0, Unit::Count);
    }

    #[test]
    fn signs_say_what_is_asked_for() {
        let signs = [">100 req/s", "≤ 5ms", "40+ req/s", "<=1", "≥99.9%", "<5", "7"]
            .map(|text| Quantity::of(text).unwrap().sign);
        let asked = [Sign::Above, Sign::AtMost, Sign::AtLeast, Sign::AtMost, Sign::AtLeast, Sign::Below].map(Some);
        assert_eq!(signs[..6], asked);
        assert_eq!(signs[6], None);
    }

    #[test]
    fn without_a_figure_there_is_nothing() {
        for text in ["", "-", "–", "not measured", "P95", "$", "<", "+", ".5", "CPU >70%"] {
            assert_eq!(Quantity::of(text), None, "{text}");
        }
        assert!(["", " - ", "—", "Not measured yet", "n/a"].into_iter().all(is_absent) && !is_absent("0"));
        assert_eq!(Quantity::of(&"9".repeat(400)), None);
    }

    #[test]
    fn a_text_is_searched_for_figures() {
        let found = Quantity::all("P95 response time >1500ms for 5 minutes, L1 cache 3.5%");
        assert_eq!(found.iter().map(|quantity| quantity.least).collect::<Vec<_>>(), [1_500.0, 300_000.0, 3.5]);
        assert_eq!(Quantity::find("$80 (18%)", Unit::Percent).map(|quantity| quantity.least), Some(18.0));
        assert_eq!(Quantity::all("v1.28+ und so weiter"), []);
    }

    #[test]
    fn a_column_gives_its_unit() {
        let quantity = Quantity::of("22.0").unwrap();
        assert_eq!(quantity.in_unit_of("Ingress (MB/s)").unit, Unit::BytesPerSecond);
        assert_eq!(quantity.in_unit_of("JOIN (2 tables)"), quantity);
        assert_eq!(quantity.in_unit_of("Value"), quantity);
    }

    #[test]
    fn values_are_shown_to_three_figures() {
        assert_eq!([944.7, 14.87, 7.5, 0.05, 100.0, 0.0].map(shown), ["945", "14.9", "7.5", "0.05", "100", "0"]);
    }
}
