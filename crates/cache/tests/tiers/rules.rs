//! Each rule of the lookup, in process: what is given, and what is said when nothing is.

use cache::{Backing, Cache, Settings, Tier};

use crate::common::{Hands, MINE, Note, YOURS, change, key, lookup, opened, text};

async fn in_process(settings: Settings) -> (Cache<Note>, Hands) {
    let hands = Hands::new();
    (opened(settings, Backing::None, &hands).await, hands)
}

fn note(text: &str) -> Note {
    Note::new(text, &[7])
}

#[tokio::test]
async fn an_entry_is_given_until_its_time_is_over() {
    let (cache, hands) = in_process(Settings { l1_ttl_s: 10, negative_ttl_s: 2, ..Settings::default() }).await;
    cache.put(&lookup("q", MINE, 0), "c", None, 0, note("a")).await;
    cache.put(&lookup("nothing", MINE, 0), "c", None, 0, note("")).await;
    hands.advance_ms(1_999);
    let hit = cache.get(&lookup("nothing", MINE, 0)).await.unwrap();
    assert_eq!((hit.tier, hit.age.as_millis(), hit.key), (Tier::L1, 1_999, key("nothing")));
    hands.advance_ms(1);
    assert!(cache.get(&lookup("nothing", MINE, 0)).await.is_none());
    hands.advance_ms(7_999);
    assert_eq!(text(cache.get(&lookup("q", MINE, 0)).await), Some("a".to_owned()));
    hands.advance_ms(1);
    assert!(cache.get(&lookup("q", MINE, 0)).await.is_none());
    let l1 = cache.figures().l1;
    assert_eq!((l1.misses["expired"], l1.evictions.expired, l1.entries, l1.bytes), (2, 2, 0, 0));
}

#[tokio::test]
async fn nobody_is_given_what_belongs_to_somebody_else() {
    let (cache, _) = in_process(Settings::default()).await;
    cache.put(&lookup("q", MINE, 0), "c", Some(&[1.0, 0.0]), 0, note("a")).await;
    assert!(cache.get(&lookup("q", YOURS, 0)).await.is_none());
    let alike = cache.get_alike(&lookup("q?", YOURS, 0), &[1.0, 0.0], "c", &|_, _| Ok(())).await;
    assert!(alike.is_none());
    assert!(cache.get(&lookup("q", MINE, 0)).await.is_some());
    assert_eq!(cache.figures().l1.misses["scope"], 1);
}

#[tokio::test]
async fn what_a_change_alters_is_not_given_and_what_it_does_not_alter_is() {
    let (cache, _) = in_process(Settings::default()).await;
    cache.put(&lookup("q", MINE, 0), "c", None, 0, note("a")).await;
    let present = change(&cache, 8);
    assert!(cache.get(&lookup("q", MINE, present)).await.is_some());
    assert_eq!(cache.find(key("q")).await[0].as_of, present);
    let present = change(&cache, 7);
    assert!(cache.get(&lookup("q", MINE, present)).await.is_none());
    let l1 = cache.figures().l1;
    assert_eq!((l1.misses["invalidated"], l1.evictions.invalidated, l1.entries), (1, 1, 0));
}

#[tokio::test]
async fn without_the_changes_since_there_is_no_hit() {
    let (cache, _) = in_process(Settings { journal_changes: 2, ..Settings::default() }).await;
    cache.put(&lookup("q", MINE, 0), "c", None, 0, note("a")).await;
    // The caller did not bring the journal up to what must be seen.
    assert!(cache.get(&lookup("q", MINE, 1)).await.is_none());
    assert!(cache.get(&lookup("q", MINE, 0)).await.is_some());
    for _ in 0..3 {
        change(&cache, 8);
    }
    assert!(cache.get(&lookup("q", MINE, 3)).await.is_none());
    let figures = cache.figures();
    assert_eq!((figures.l1.misses["too_old"], figures.l1.entries), (2, 0));
    // Nor is anything kept.
    cache.put(&lookup("q", MINE, 3), "c", None, 0, note("a")).await;
    assert_eq!((cache.figures().refused.too_old, cache.figures().l1.entries), (1, 0));
}

#[tokio::test]
async fn what_was_altered_while_it_was_computed_is_not_kept() {
    let (cache, _) = in_process(Settings::default()).await;
    let present = change(&cache, 7);
    let value = cache.put(&lookup("q", MINE, present), "c", Some(&[1.0, 0.0]), 0, note("a")).await;
    assert_eq!(value.text, "a");
    let figures = cache.figures();
    assert_eq!((figures.refused.altered, figures.l1.entries, figures.rag.entries), (1, 0, 0));
}

#[tokio::test]
async fn a_journal_that_nobody_began_gives_nothing() {
    let cache = Cache::open(Settings::default(), Backing::None, Hands::new().clock()).await;
    cache.put(&lookup("q", MINE, 0), "c", None, 0, note("a")).await;
    assert!(cache.get(&lookup("q", MINE, 0)).await.is_none());
    assert_eq!(cache.figures().refused.too_old, 1);
}

#[tokio::test]
async fn a_question_that_means_the_same_has_the_same_answer() {
    let (cache, hands) = in_process(Settings { l1_ttl_s: 10, rag_ttl_s: 5, ..Settings::default() }).await;
    cache.put(&lookup("old", MINE, 0), "c", Some(&[1.0, 0.0]), 0, note("a")).await;
    hands.advance_ms(1_000);
    let asked = lookup("new", MINE, 0);
    let hit = cache.get_alike(&asked, &[0.99, 0.1], "c", &|_, _| Ok(())).await.unwrap();
    assert_eq!((hit.tier, hit.key, hit.question.as_deref()), (Tier::Rag, key("old"), Some("old")));
    assert!(hit.similarity.is_some_and(|similarity| (similarity - 0.995).abs() < 0.005), "{hit:?}");
    // From now on it is known under its own key, and its value is no younger for that.
    let hit = cache.get(&asked).await.unwrap();
    assert_eq!((hit.tier, hit.key, hit.age.as_millis()), (Tier::L1, key("old"), 1_000));
    hands.advance_ms(4_000);
    assert!(cache.get(&asked).await.is_none());
    assert!(cache.get(&lookup("old", MINE, 0)).await.is_some());
    assert!(cache.get_alike(&asked, &[1.0, 0.0], "c", &|_, _| Ok(())).await.is_none());
    assert_eq!(cache.popular(1)[0].question, "old");
}

#[tokio::test]
async fn a_miss_by_meaning_has_its_reason() {
    let (cache, _) = in_process(Settings { min_similarity: 0.9, ..Settings::default() }).await;
    let asked = lookup("asked", MINE, 0);
    let look = async |vector: &[f32], context: &str| {
        let same = |question: &str, _| if question == "not it" { Err("name") } else { Ok(()) };
        text(cache.get_alike(&asked, vector, context, &same).await)
    };
    assert_eq!(look(&[1.0, 0.0], "c").await, None);
    cache.put(&lookup("not it", MINE, 0), "c", Some(&[1.0, 0.0]), 0, note("a")).await;
    assert_eq!(look(&[1.0, 0.0], "other").await, None);
    assert_eq!(look(&[0.0, 1.0], "c").await, None);
    assert_eq!(look(&[1.0, 0.0], "c").await, None);
    cache.put(&lookup("altered", MINE, 0), "c", Some(&[1.0, 0.0]), 0, note("b")).await;
    cache.put(&lookup("fine", MINE, 0), "c", Some(&[0.9, 0.1]), 0, Note::new("c", &[])).await;
    let present = change(&cache, 7);
    // The nearest is refused, the next was altered, the third is given.
    let same = |question: &str, _| if question == "not it" { Err("name") } else { Ok(()) };
    let found = cache.get_alike(&lookup("asked", MINE, present), &[1.0, 0.0], "c", &same).await;
    assert_eq!(text(found), Some("c".to_owned()));
    let figures = cache.figures();
    let misses = &figures.rag.misses;
    assert_eq!((misses["absent"], misses["below_threshold"], misses["guard"]), (2, 1, 1));
    assert_eq!((figures.guards["name"], figures.rag.entries, figures.rag.evictions.invalidated), (2, 2, 1));
}

#[tokio::test]
async fn at_most_eight_questions_are_tried() {
    let (cache, _) = in_process(Settings::default()).await;
    for number in 0..12_u8 {
        let question = format!("question {number}");
        let vector = [1.0, f32::from(number) / 100.0];
        cache.put(&lookup(&question, MINE, 0), "c", Some(&vector), 0, note("a")).await;
    }
    let tried = std::sync::Mutex::new(Vec::new());
    let same = |question: &str, _| {
        tried.lock().unwrap().push(question.to_owned());
        Err("name")
    };
    assert!(cache.get_alike(&lookup("q", MINE, 0), &[1.0, 0.0], "c", &same).await.is_none());
    let expected: Vec<String> = (0..8).map(|number| format!("question {number}")).collect();
    assert_eq!(*tried.lock().unwrap(), expected);
}

#[tokio::test]
async fn what_is_forgotten_or_removed_is_gone_from_every_key() {
    let (cache, _) = in_process(Settings::default()).await;
    let alike = async |question: &'static str| {
        text(cache.get_alike(&lookup(question, MINE, 0), &[1.0, 0.0], "c", &|_, _| Ok(())).await)
    };
    for forget in [true, false] {
        cache.put(&lookup("q", MINE, 0), "c", Some(&[1.0, 0.0]), 0, note("a")).await;
        assert_eq!(alike("alias").await, Some("a".to_owned()));
        let described = cache.find(key("alias")).await;
        assert_eq!((described.len(), described[0].key, &*described[0].question), (1, key("q"), "q"));
        if forget {
            cache.forget_sources(&[described[0].sources[0]]).await;
        } else {
            assert_eq!(cache.remove(key("alias")).await, [Tier::L1, Tier::Rag]);
        }
        assert!(cache.get(&lookup("q", MINE, 0)).await.is_none());
        assert!(cache.get(&lookup("alias", MINE, 0)).await.is_none());
        assert_eq!(alike("another").await, None);
    }
    let figures = cache.figures();
    assert_eq!((figures.l1.bytes, figures.rag.bytes), (0, 0));
    assert_eq!((figures.l1.evictions.invalidated, figures.l1.evictions.removed), (2, 2));
}

#[tokio::test]
async fn a_sweep_removes_what_nobody_asks_for() {
    let (cache, hands) = in_process(Settings { l1_ttl_s: 10, ..Settings::default() }).await;
    for (question, source) in [("altered", 7), ("fine", 8)] {
        let value = Note::new("a", &[source]);
        cache.put(&lookup(question, MINE, 0), "c", Some(&[1.0, 0.0]), 0, value).await;
    }
    let present = change(&cache, 7);
    cache.sweep().await;
    let figures = cache.figures();
    assert_eq!((figures.l1.entries, figures.rag.entries), (1, 1));
    assert_eq!((figures.l1.evictions.invalidated, figures.rag.evictions.invalidated), (1, 1));
    assert_eq!(cache.find(key("fine")).await[0].as_of, present);
    hands.advance_ms(10_000);
    cache.sweep().await;
    let figures = cache.figures();
    assert_eq!((figures.l1.bytes, figures.rag.bytes), (0, 0));
    assert_eq!((figures.l1.evictions.expired, figures.rag.evictions.expired), (1, 1));
}

#[tokio::test]
async fn what_is_switched_off_keeps_nothing() {
    let (cache, _) = in_process(Settings { enabled: false, ..Settings::default() }).await;
    let value = cache.put(&lookup("q", MINE, 0), "c", Some(&[1.0]), 0, note("a")).await;
    assert_eq!(value.text, "a");
    assert!(cache.get(&lookup("q", MINE, 0)).await.is_none());
    assert_eq!((cache.figures().questions, cache.figures().l1.entries), (0, 0));
}

#[tokio::test]
async fn everything_can_be_removed() {
    let (cache, _) = in_process(Settings::default()).await;
    cache.put(&lookup("q", MINE, 0), "c", Some(&[1.0]), 0, note("a")).await;
    let cleared = cache.clear().await;
    assert_eq!((cleared.l1, cleared.l2, cleared.rag, cleared.complete), (1, 0, 1, true));
    assert!(cache.get(&lookup("q", MINE, 0)).await.is_none());
    assert_eq!(cache.popular(9).len(), 1);
}
