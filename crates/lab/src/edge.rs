//! Raising a load until something gives way, and finding where.

use crate::run_file::Edge;

/// What became of a load.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// Which target gave way, with what was measured; nothing where all were kept.
    pub broken: Option<String>,
    /// Which resource was used up, as far as is known.
    pub resource: String,
    /// How it went, in a few words.
    pub said: String,
}

/// How the edge is looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// The first load.
    pub from: f64,
    /// No greater load is tried.
    pub most: f64,
    /// The edge is known when what broke is no more than this much above what was held, as a share.
    pub precision: f64,
    /// How often the edge is looked for again, from what was held and what broke the first time.
    pub repetitions: usize,
}

/// Doubles a load until it breaks, and then halves the distance. Loads are whole numbers. `attempt` lets a load go for a while.
pub async fn find<E>(
    of: &str,
    search: Search,
    mut attempt: impl AsyncFnMut(f64) -> Result<Tried, E>,
) -> Result<Edge, E> {
    let mut edge = Edge {
        of: of.to_owned(),
        held: Vec::new(),
        broken: Vec::new(),
        target: Vec::new(),
        resource: Vec::new(),
        tried: Vec::new(),
    };
    let (mut held, mut broken) = (0.0, f64::INFINITY);
    let mut next = search.from;
    for repetition in 0..=search.repetitions {
        let mut last = None;
        while next <= search.most && broken - held > (search.precision * held).max(1.0) {
            let tried = attempt(next).await?;
            edge.tried.push((next, tried.broken.is_none(), tried.said.clone()));
            if tried.broken.is_none() {
                held = next;
            } else {
                broken = next;
                last = Some(tried);
            }
            next = if broken.is_finite() { f64::midpoint(held, broken).round() } else { (2.0 * held).min(search.most) };
            if next <= held || next >= broken {
                break;
            }
        }
        edge.held.push(held);
        if broken.is_finite() {
            edge.broken.push(broken);
        }
        if let Some(tried) = last {
            edge.target.extend(tried.broken);
            edge.resource.push(tried.resource);
        }
        if repetition == search.repetitions || !broken.is_finite() {
            break;
        }
        // Once more, beginning a little below: what was held may have been luck.
        next = (held * (1.0 - search.precision)).round().max(1.0);
        (held, broken) = (0.0, f64::INFINITY);
    }
    Ok(edge)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const SEARCH: Search = Search { from: 50.0, most: 100_000.0, precision: 0.1, repetitions: 1 };

    async fn find_edge(at: f64, search: Search) -> Edge {
        let attempt = async |load: f64| {
            let broken = (load > at).then(|| format!("P95 of {load}"));
            Ok::<_, Infallible>(Tried { broken, resource: "CPU".to_owned(), said: String::new() })
        };
        find("users", search, attempt).await.unwrap()
    }

    #[tokio::test]
    async fn an_edge_is_found_within_the_precision_each_time() {
        for at in [3.0, 70.0, 1_234.0, 54_321.0] {
            let edge = find_edge(at, SEARCH).await;
            assert_eq!((edge.held.len(), edge.broken.len()), (2, 2), "{edge:?}");
            for (held, broken) in edge.held.iter().zip(&edge.broken) {
                assert!(*held <= at && at < *broken, "{at}: {held} {broken}");
                assert!(broken - held <= (0.1 * held).max(1.0), "{at}: {held} {broken}");
            }
            assert!(edge.tried.len() < 40 && edge.target[0].starts_with("P95"), "{edge:?}");
        }
    }

    #[tokio::test]
    async fn what_does_not_break_is_held_as_far_as_it_was_tried() {
        let edge = find_edge(f64::INFINITY, Search { most: 1_000.0, ..SEARCH }).await;
        assert_eq!((edge.held, edge.broken), (vec![1_000.0], vec![]));
    }
}
