//! What headings and the labels of rows and columns say, whatever their case, spacing and units.

/// A label, read once and compared often.
pub(super) struct Label {
    /// As it stands there.
    pub(super) text: String,
    /// In lower case, without what stands in parentheses.
    pub(super) bare: String,
    /// How many users it speaks of.
    pub(super) users: Option<u32>,
    /// Whether it is about what the document was made after, which is never judged.
    pub(super) is_seed: bool,
    /// Whether it says that something was measured.
    pub(super) is_measured: bool,
    normal: String,
    /// Without that word.
    unmeasured: String,
}

impl From<String> for Label {
    fn from(text: String) -> Self {
        let normal = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let is_measured = has_word(&normal, "measured");
        let unmeasured = if is_measured { normal.replace("measured", " ") } else { normal.clone() };
        Self {
            bare: bare(&normal),
            users: users(&normal),
            is_seed: has_word(&normal, "seed"),
            is_measured,
            unmeasured: bare(&unmeasured).trim_matches([' ', ',', ':']).to_owned(),
            normal,
            text,
        }
    }
}

impl Label {
    /// Whether it is this name, which is given in lower case. That it was measured makes no difference.
    pub(super) fn is(&self, name: &str) -> bool {
        self.normal == name || self.bare == name || self.unmeasured == name
    }
}

/// Whether this word, given in lower case, is among its words.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    text.to_lowercase().split(|character: char| !character.is_alphanumeric()).any(|other| other == word)
}

/// What stands in the first parentheses.
pub(super) fn parenthesised(text: &str) -> Option<&str> {
    let (_, after) = text.split_once('(')?;
    after.split_once(')').map(|(inside, _)| inside)
}

fn bare(text: &str) -> String {
    let mut depth = 0_usize;
    let mut kept = String::new();
    for character in text.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(character),
            _ => {}
        }
    }
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How many users there are, as in `light (50 users)` and `50 virtual users`. A range of users is no number.
fn users(text: &str) -> Option<u32> {
    let separates = |character: char| character.is_whitespace() || "(),".contains(character);
    let words: Vec<&str> = text.split(separates).collect();
    let of = words.iter().position(|word| matches!(*word, "user" | "users"))?;
    let before = words.get(..of)?.iter().rev().find(|word| !matches!(**word, "" | "virtual" | "concurrent"))?;
    before.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(text: &str) -> Label {
        Label::from(text.to_owned())
    }

    #[test]
    fn case_spacing_and_units_do_not_matter() {
        assert!(label("P50  (ms)").is("p50") && label("Cache Hit Rate (L1)").is("cache hit rate (l1)"));
        assert!(label("Hit Rate, measured").is("hit rate") && label("Measured P95 (ms)").is("p95"));
        assert!(!label("P50 Response Time").is("p50"));
        assert_eq!(label("A (b (c)) d)").bare, "a d");
        assert_eq!(parenthesised("Peak (req/s)"), Some("req/s"));
        assert!(label("Seed P50").is_seed && !label("seeds").is_seed);
    }

    #[test]
    fn users_are_counted_where_there_is_one_number() {
        let texts = ["Light (50 users)", "500 Virtual Users", "100 Users", "0-100 Users (Ramp-up)", "users", "Peak"];
        let counts = texts.map(|text| label(text).users);
        assert_eq!(counts, [Some(50), Some(500), Some(100), None, None, None]);
    }
}
