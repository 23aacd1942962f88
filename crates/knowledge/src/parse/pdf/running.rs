//! Page headers, footers and page numbers: lines at the edges of pages that repeat.

use std::collections::HashMap;

use super::layout::Line;

/// Lines at the top and at the bottom that may be part of a header or footer.
const EDGE: usize = 3;

/// Removes them from all pages.
pub(super) fn remove(pages: &mut [Vec<Line>]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let edges: Vec<Vec<(usize, String)>> = pages.iter().map(|page| edge_lines(page)).collect();
    for page in &edges {
        let mut once: Vec<&String> = page.iter().map(|(_, shape)| shape).collect();
        once.sort_unstable();
        once.dedup();
        for shape in once {
            *seen.entry(shape.clone()).or_default() += 1;
        }
    }
    let numbered = page_offset(pages);
    // Left and right pages differ, and chapters change what stands there: a third of the pages is enough.
    let needed = (pages.len() / 3).clamp(3, 8);
    for (number, (page, edge)) in pages.iter_mut().zip(edges).enumerate() {
        let mut sizes: Vec<f32> = page.iter().map(|line| line.size).collect();
        sizes.sort_by(f32::total_cmp);
        let usual = sizes.get(sizes.len() / 2).copied().unwrap_or_default();
        let mut drop: Vec<usize> = edge
            .into_iter()
            .filter(|(index, shape)| {
                let text = page[*index].text();
                // A chapter's number may happen to be the page's, but its heading is larger.
                let small = page[*index].size <= usual * 1.1;
                let counts =
                    small && numbered.is_some_and(|offset| offsets(&text, number).any(|found| found == offset));
                counts || is_page_number(&text) || seen.get(shape).is_some_and(|count| *count >= needed)
            })
            .map(|(index, _)| index)
            .collect();
        drop.sort_unstable();
        for index in drop.into_iter().rev() {
            page.remove(index);
        }
    }
}

/// The difference between printed and counted page numbers, where lines at the edges print them on most pages.
fn page_offset(pages: &[Vec<Line>]) -> Option<i64> {
    let mut found: HashMap<i64, usize> = HashMap::new();
    for (number, page) in pages.iter().enumerate() {
        let mut once: Vec<i64> = edge_lines(page)
            .into_iter()
            .flat_map(|(index, _)| offsets(&page[index].text(), number).collect::<Vec<i64>>())
            .collect();
        once.sort_unstable();
        once.dedup();
        for offset in once {
            *found.entry(offset).or_default() += 1;
        }
    }
    let (offset, count) = found.into_iter().max_by_key(|(_, count)| *count)?;
    (count >= 3 && count * 2 >= pages.len()).then_some(offset)
}

/// How far the first and the last word of a line, where they are numbers, are from the number of the page.
fn offsets(text: &str, page: usize) -> impl Iterator<Item = i64> {
    let words = [text.split_whitespace().next(), text.split_whitespace().next_back()];
    let page = i64::try_from(page).unwrap_or(i64::MAX);
    words
        .into_iter()
        .flatten()
        .filter(|word| word.len() <= 5)
        .filter_map(move |word| Some(word.parse::<i64>().ok()? - page))
}

/// The lines nearest to the edges, with their text in which figures do not count.
fn edge_lines(page: &[Line]) -> Vec<(usize, String)> {
    let mut order: Vec<usize> = (0..page.len()).collect();
    order.sort_by(|a, b| page[*b].y.total_cmp(&page[*a].y));
    let bottom = order.len().saturating_sub(EDGE).max(EDGE.min(order.len()));
    let (head, tail) = (&order[..EDGE.min(order.len())], &order[bottom..]);
    head.iter().chain(tail).map(|index| (*index, shape(&page[*index].text()))).collect()
}

fn shape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if !c.is_numeric() {
            out.extend(c.to_lowercase());
        } else if !out.ends_with('#') {
            out.push('#');
        }
    }
    out
}

/// `12`, `- 12 -`, `Page 3 of 10`, `xiv`.
fn is_page_number(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let number = |word: &&str| word.len() <= 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    match words.as_slice() {
        [one] => number(one) || (one.len() <= 6 && one.bytes().all(|byte| b"ivxl".contains(&byte))),
        ["page" | "seite" | "p", one] => number(one),
        ["page" | "seite", one, "of" | "von", all] | [one, "of", all] => number(one) && number(all),
        _ => false,
    }
}
