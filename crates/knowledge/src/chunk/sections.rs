//! The sections of a document: the blocks between two headings, with the headings above them.

use crate::parse::{Block, BlockKind, Parsed};

/// The blocks under one heading.
#[derive(Debug)]
pub(super) struct Section {
    /// The headings above, the outermost first, without one that only repeats the document's title.
    pub(super) path: Vec<String>,
    /// Where the headings above its own start: what makes two sections siblings.
    pub(super) parents: Vec<usize>,
    /// The level of its own heading, 0 before the first.
    pub(super) level: u8,
    /// Its blocks; no heading among them.
    pub(super) blocks: Vec<Block>,
}

struct Heading<'t> {
    level: u8,
    start: usize,
    text: &'t str,
}

/// The sections that hold something besides headings, in order.
pub(super) fn sections(parsed: &Parsed) -> Vec<Section> {
    let title = parsed.title.as_deref().map(essence);
    let mut found = Vec::new();
    let mut open: Vec<Heading<'_>> = Vec::new();
    let mut blocks: Vec<Block> = Vec::new();
    for block in &parsed.blocks {
        let BlockKind::Heading(level) = block.kind else {
            blocks.push(*block);
            continue;
        };
        close(&mut found, &open, &mut blocks, title.as_deref());
        open.retain(|above| above.level < level);
        open.push(Heading {
            level,
            start: block.start,
            text: parsed.text.get(block.start..block.end).unwrap_or_default(),
        });
    }
    close(&mut found, &open, &mut blocks, title.as_deref());
    found
}

fn close(found: &mut Vec<Section>, open: &[Heading<'_>], blocks: &mut Vec<Block>, title: Option<&str>) {
    if blocks.is_empty() {
        return;
    }
    let path = open
        .iter()
        .map(|heading| heading.text)
        .filter(|heading| title.is_none_or(|title| essence(heading) != title))
        .map(str::to_owned)
        .collect();
    found.push(Section {
        path,
        parents: open.iter().rev().skip(1).map(|heading| heading.start).collect(),
        level: open.last().map_or(0, |heading| heading.level),
        blocks: std::mem::take(blocks),
    });
}

/// Letters and figures only, in lower case: "20.4. Memory" and "20.4 memory" say the same.
fn essence(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
