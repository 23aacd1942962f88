//! The documents that administrators upload while others ask.

use std::fmt::Write as _;

use super::{Catalogue, Lot};

/// Sentences about a subject that is put in the place of `{}`.
const SENTENCES: &[&str] = &[
    "Whoever changes {} says so in the change log of the week.",
    "Since the last review, {} is looked at by two people before it goes live.",
    "Questions about {} go to the team that owns it, and are answered within two days.",
    "We measured {} for a month and found nothing unusual on working days.",
    "The training about {} takes half a day and is repeated every spring.",
    "A copy of the settings of {} is kept with the notes of the release.",
    "When {} was moved, three things had to be done by hand; they are listed below.",
    "Nobody should have to read the source to understand {}.",
    "The most common mistake with {} is to try it on Friday afternoon.",
    "What was said about {} before this date may be out of date.",
];
/// Sentences of a section.
const OF_A_SECTION: usize = 10;

/// A note of this length or a little more, in bytes, with a section about each of some subjects that are asked about; `number`
/// makes it one of a kind.
#[must_use]
pub fn note(catalogue: &Catalogue, number: u64, length: usize, lot: &mut Lot) -> String {
    let mut text = format!("# Note {number:x}\n\n");
    while text.len() < length {
        let subject = catalogue.subject(lot).to_owned();
        // Writing to a string cannot fail.
        let _ = write!(text, "## {subject}\n\nItem {}. ", lot.below(1_000_000));
        for _ in 0..OF_A_SECTION {
            let sentence = lot.pick(SENTENCES).copied().unwrap_or_default();
            text.push_str(&sentence.replace("{}", &subject));
            text.push(' ');
        }
        text.push_str("\n\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_about_what_is_asked_and_like_no_other() {
        let subjects: Vec<String> = ["vacuuming", "sharding"].map(str::to_owned).into();
        let catalogue = Catalogue::build(&subjects, &[], 10, 1.0, 1);
        let mut lot = Lot::new(1, 0);
        let (one, other) = (note(&catalogue, 1, 4_000, &mut lot), note(&catalogue, 2, 4_000, &mut lot));
        assert!(subjects.iter().any(|subject| one.contains(subject)) && !one.contains("{}"));
        assert_ne!(one, other);
        assert!((4_000..6_000).contains(&one.len()), "{}", one.len());
    }
}
