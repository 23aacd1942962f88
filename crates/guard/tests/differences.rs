//! One test per difference: two questions that nothing else tells apart.

use guard::{Difference, Policy, Refusal, Signature, difference, is_same, required_similarity};

fn between(a: &str, b: &str) -> Option<Difference> {
    difference(&Signature::of(a), &Signature::of(b))
}

/// Each pair has this difference and would have none if nobody looked for it.
fn all_by(expected: Difference, pairs: &[(&str, &str)]) {
    for (a, b) in pairs {
        assert_eq!(between(a, b), Some(expected), "{a} / {b}");
        assert_eq!(between(b, a), Some(expected), "{b} / {a}");
    }
}

#[test]
fn identifiers() {
    all_by(
        Difference::Identifiers,
        &[
            ("What does it say?", "What does it say about `ls`?"),
            ("What is the flag for?", "What is the flag --all for?"),
        ],
    );
}

#[test]
fn numbers() {
    all_by(
        Difference::Numbers,
        &[
            ("Is a team of 6 allowed?", "Is a team of sixteen allowed?"),
            ("What is new in version 15.2?", "What is new in version 15.20?"),
            ("Which orders are from 2022?", "Which orders are from 2023?"),
            ("How do I divide 12 by 3?", "How do I divide 3 by 12?"),
            ("Is the third room free?", "Is the 4th room free?"),
            ("Is a loan of two million secured?", "Is a loan of two thousand secured?"),
        ],
    );
}

#[test]
fn units() {
    all_by(
        Difference::Units,
        &[
            ("How many days of notice do I give?", "How many weeks of notice do I give?"),
            ("Is it in km?", "Is it in miles?"),
        ],
    );
}

#[test]
fn negation() {
    all_by(
        Difference::Negation,
        &[
            ("Can I travel with a passport?", "Can I travel without a passport?"),
            ("Which invoices are paid?", "Which invoices aren't paid?"),
            ("Is a signed contract valid?", "Is an unsigned contract valid?"),
            ("Which columns are nullable?", "Which columns are non-nullable?"),
            ("Can staff who are no members enter?", "Can staff who are members never enter?"),
        ],
    );
}

#[test]
fn direction() {
    all_by(
        Difference::Direction,
        &[
            ("How do I enable the alarm?", "How do I disable the alarm?"),
            ("Which goods do we import?", "Which goods do we export?"),
            ("Is the ferry from Calais late?", "Is the ferry to Calais late?"),
            ("Do I sign before the meeting?", "Do I sign after the meeting?"),
        ],
    );
}

#[test]
fn comparison() {
    all_by(
        Difference::Comparison,
        &[
            ("Which server is the newest?", "Which server is the oldest?"),
            ("Do I need at least 5 signatures?", "Do I need at most 5 signatures?"),
            ("Are orders above 50 shipped?", "Are orders below 50 shipped?"),
            ("Who was the first to sign?", "Who was the last to sign?"),
            ("What is the best thing about the worst day?", "What is the worst thing about the best day?"),
        ],
    );
}

#[test]
fn quantity() {
    all_by(
        Difference::Quantity,
        &[("Are all managers invited?", "Are only managers invited?"), ("Must both sign?", "Must either sign?")],
    );
}

#[test]
fn time() {
    all_by(
        Difference::Time,
        &[
            ("Is the office closed on Friday?", "Is the office closed on Monday?"),
            ("Who is the chair?", "Who was the chair?"),
            ("What is due in March?", "What is due in May?"),
        ],
    );
}

#[test]
fn kind() {
    all_by(
        Difference::Kind,
        &[
            ("Who signs the lease?", "Why signs the lease?"),
            ("How many holidays are there?", "How much holidays are there?"),
            ("Can I change my shift?", "How can I change my shift?"),
            ("Which doctor is on duty today?", "Which day is the doctor on duty today?"),
        ],
    );
}

#[test]
fn modality() {
    all_by(
        Difference::Modality,
        &[("Must I attend?", "May I attend?"), ("Should I tell my doctor?", "Can I tell my doctor?")],
    );
}

#[test]
fn names() {
    all_by(
        Difference::Names,
        &[
            ("What is the leave policy?", "What is the leave policy in Canada?"),
            ("Is the museum open?", "Is the MOMA museum open?"),
        ],
    );
}

#[test]
fn order() {
    all_by(
        Difference::Order,
        &[
            ("Can the auditor call the accountant?", "Can the accountant call the auditor?"),
            ("Is tea better than coffee?", "Is coffee better than tea?"),
            ("Who does Maria report to?", "Who reports to Maria?"),
            ("Who is the assistant of the director?", "Who is the director of the assistant?"),
            ("Do I pay for overtime?", "Do I get paid for overtime?"),
            ("Which apps call this library?", "Which apps does this library call?"),
        ],
    );
}

#[test]
fn content() {
    all_by(
        Difference::Content,
        &[
            ("How do I clean the oven?", "How do I clean the fridge?"),
            ("How do I use the dye?", "How do I drop the dye?"),
        ],
    );
}

#[test]
fn what_one_question_adds_is_refused_by_the_policy() {
    let (a, b) = (Signature::of("When is the deadline?"), Signature::of("When is the deadline for contractors?"));
    assert_eq!(difference(&a, &b), None);
    let policy = Policy::default();
    assert_eq!(is_same(1.0, &a, &b, &policy), Err(Refusal::Additions { count: 1 }));
    assert_eq!(
        is_same(1.0, &a, &b, &Policy { max_additions: 1, min_overlap: 0.5, similarity_for_overlap: 0.0, ..policy }),
        Ok(())
    );
}

#[test]
fn similarity_must_reach_what_the_overlap_asks_for() {
    let policy = Policy::default();
    let (a, b) = (Signature::of("How do I become a better cook?"), Signature::of("How can I be a better cook?"));
    assert!(matches!(is_same(policy.min_similarity, &a, &b, &policy), Err(Refusal::Similarity { .. })));
    assert_eq!(is_same(1.0, &a, &b, &policy), Ok(()));
    assert!(matches!(is_same(f32::NAN, &a, &a, &policy), Err(Refusal::Similarity { .. })));
    assert_eq!(is_same(policy.min_similarity, &a, &a, &policy), Ok(()));
}

fn asked_at(a: &str, b: &str) -> Result<f32, Refusal> {
    required_similarity(&Signature::of(a), &Signature::of(b), &Policy::default())
}

#[test]
fn near_words_are_no_additions_but_ask_for_more_similarity() {
    let least = Policy::default().min_similarity;
    for (a, b) in [
        ("How can I beat boredom?", "How do I overcome boredom?"),
        ("How do I minimize the risk?", "How do I reduce the risk?"),
    ] {
        let wanted = asked_at(a, b).unwrap();
        assert!(wanted > least && wanted < 1.0, "{a} / {b}: {wanted}");
    }
    // A near word has one counterpart only.
    assert_eq!(
        asked_at("How do I beat and conquer boredom?", "How do I overcome boredom?"),
        Err(Refusal::Additions { count: 1 })
    );
    assert_eq!(between("How can I beat the rival?", "How can I meet the rival?"), Some(Difference::Content));
}

#[test]
fn what_another_word_implies_may_be_added() {
    assert!(asked_at("What are the best movies of 2016?", "What are the best movies to watch of 2016?").is_ok());
    assert_eq!(
        asked_at("What are the best parks of 2016?", "What are the best parks to watch of 2016?"),
        Err(Refusal::Additions { count: 1 })
    );
}

#[test]
fn a_word_may_be_written_as_two() {
    let least = Policy::default().min_similarity;
    assert_eq!(asked_at("How is anti-matter stored?", "How is antimatter stored?"), Ok(least));
    assert_eq!(between("How is anti-matter stored?", "How is dark antimatter stored?"), None);
    assert_eq!(between("How is grey matter stored?", "How is antimatter stored?"), Some(Difference::Content));
}
