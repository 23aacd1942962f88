//! The documents that administrators upload while others ask.

use super::Lot;

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

/// A note of a few hundred words about a subject; `number` makes it one of a kind.
#[must_use]
pub fn note(subject: &str, number: u64, lot: &mut Lot) -> String {
    let mut text = format!("# Note {number:x} about {subject}\n\n");
    for paragraph in 0..6 {
        let number = paragraph * 1_000 + lot.below(1_000);
        text = format!("{text}Item {number}. ");
        for _ in 0..4 {
            let sentence = lot.pick(SENTENCES).copied().unwrap_or_default();
            text.push_str(&sentence.replace("{}", subject));
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
    fn a_note_is_about_its_subject_and_like_no_other() {
        let mut lot = Lot::new(1, 0);
        let (one, other) = (note("vacuuming", 1, &mut lot), note("vacuuming", 2, &mut lot));
        assert!(one.matches("vacuuming").count() > 10 && !one.contains("{}"));
        assert!((1_000..4_000).contains(&one.len()), "{}", one.len());
        assert_ne!(one, other);
    }
}
