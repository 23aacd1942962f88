//! Cuts a document into the passages that are indexed, found and shown.
//!
//! Passages follow the structure. A section's blocks are packed until the target size; a block is cut only when it alone
//! exceeds the maximum, and then between its units. A passage crosses a heading only when the sections are tiny: then it
//! takes the next ones under the same parent along, and its heading path is that of the first.

mod sections;

use crate::parse::{Block, BlockKind, Parsed};
use crate::units::{Unit, units};
use sections::{Section, sections};

/// A passage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its place in the document, from 0.
    pub ordinal: u32,
    /// The headings that it stands under, the outermost first, without one that only repeats the document's title.
    pub heading_path: Vec<String>,
    /// First byte in [`Parsed::text`]: where its first unit starts.
    pub start: usize,
    /// Byte after the last one: where its last unit ends.
    pub end: usize,
    /// What can be quoted from it, in order; never empty.
    pub units: Vec<Unit>,
}

/// How large passages become, in words separated by white space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkOptions {
    /// A passage is complete when it has this many.
    pub target_words: usize,
    /// A passage with more holds a single unit.
    pub max_words: usize,
}

impl Default for ChunkOptions {
    fn default() -> Self {
        Self { target_words: 120, max_words: 200 }
    }
}

/// What is not cut: a block, or a part of a block that is too long.
#[derive(Debug)]
struct Atom {
    words: usize,
    units: Vec<Unit>,
    /// Introduces what follows: a list, a table, a listing.
    introduces: bool,
}

/// Cuts a document into passages: in order, without overlap, each unit in exactly one of them.
#[must_use]
pub fn chunk(parsed: &Parsed, options: &ChunkOptions) -> Vec<Chunk> {
    let target = options.target_words.max(1);
    let max = options.max_words.max(target);
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut waiting: Option<Group> = None;
    for section in sections(parsed) {
        let atoms = atoms(parsed, &section.blocks, max);
        let words: usize = atoms.iter().map(|atom| atom.words).sum();
        if words == 0 {
            continue;
        }
        let tiny = words * 3 < target;
        if let Some(group) = &mut waiting
            && group.takes(&section, words, tiny, target)
        {
            group.atoms.extend(atoms);
            group.words += words;
            group.tiny &= tiny;
            continue;
        }
        let next = Group { path: section.path, parents: section.parents, level: section.level, atoms, words, tiny };
        if let Some(done) = waiting.replace(next) {
            pack(done, target, max, &mut chunks);
        }
    }
    if let Some(done) = waiting {
        pack(done, target, max, &mut chunks);
    }
    chunks
}

/// A section, or tiny sections that share a passage.
struct Group {
    path: Vec<String>,
    parents: Vec<usize>,
    level: u8,
    atoms: Vec<Atom>,
    words: usize,
    tiny: bool,
}

impl Group {
    /// Whether a section shares the passage: one of the two is tiny, both are siblings, and together they fit.
    fn takes(&self, section: &Section, words: usize, tiny: bool, target: usize) -> bool {
        let siblings = section.level > 0 && section.level == self.level && section.parents == self.parents;
        siblings && (self.tiny || (tiny && self.words < target / 2)) && self.words + words <= target
    }
}

/// The atoms of blocks.
fn atoms(parsed: &Parsed, blocks: &[Block], max: usize) -> Vec<Atom> {
    let mut found = Vec::with_capacity(blocks.len());
    for (index, block) in blocks.iter().enumerate() {
        let text = parsed.text.get(block.start..block.end).unwrap_or_default();
        let words = count_words(text);
        let units = units(&parsed.text, block);
        let introduces = introduces(text, words, block.kind, blocks.get(index + 1));
        if words <= max {
            found.push(Atom { words, units, introduces });
        } else {
            split(parsed, units, max, &mut found);
            if let Some(last) = found.last_mut() {
                last.introduces = introduces;
            }
        }
    }
    found.retain(|atom| !atom.units.is_empty());
    found
}

fn count_words(text: &str) -> usize {
    // Text without spaces (Chinese, a long string) still counts: six bytes are about a word.
    text.split_whitespace().map(|word| if word.len() > 60 { word.len() / 6 } else { 1 }).sum()
}

/// A paragraph that ends with a colon, or the short caption of a table.
fn introduces(text: &str, words: usize, kind: BlockKind, next: Option<&Block>) -> bool {
    let Some(next) = next else { return false };
    let caption = next.kind == BlockKind::TableRow && words <= 20;
    let other = matches!(next.kind, BlockKind::ListItem | BlockKind::TableRow | BlockKind::Code);
    // "For example, a column declared as" goes on in the listing.
    let unfinished = next.kind == BlockKind::Code && !text.ends_with(['.', '!', '?', ')']);
    kind == BlockKind::Paragraph && other && (text.ends_with(':') || caption || unfinished)
}

/// Cuts a long block between its units into parts of about equal size.
fn split(parsed: &Parsed, units: Vec<Unit>, max: usize, found: &mut Vec<Atom>) {
    let sizes: Vec<usize> =
        units.iter().map(|unit| count_words(parsed.text.get(unit.start..unit.end).unwrap_or_default())).collect();
    let total: usize = sizes.iter().sum();
    let parts = total.div_ceil(max).max(1);
    let share = total.div_ceil(parts);
    let (mut part, mut words) = (Vec::new(), 0);
    for (unit, size) in units.into_iter().zip(sizes) {
        let full = words > 0 && (words + size > max || words + size / 2 > share);
        if full {
            found.push(Atom { words, units: std::mem::take(&mut part), introduces: false });
            words = 0;
        }
        part.push(unit);
        words += size;
    }
    if !part.is_empty() {
        found.push(Atom { words, units: part, introduces: false });
    }
}

/// Packs the atoms of a group into passages.
fn pack(group: Group, target: usize, max: usize, chunks: &mut Vec<Chunk>) {
    let first = chunks.len();
    let mut sizes: Vec<usize> = Vec::new();
    let mut current: Vec<Atom> = Vec::new();
    let mut words = 0;
    for atom in group.atoms {
        let full = words >= target || words + atom.words > max;
        if full && !current.is_empty() {
            let introduction = current.pop_if(|last| last.introduces && last.words + atom.words <= max);
            let kept = introduction.as_ref().map_or(0, |atom| atom.words);
            finish(&group.path, std::mem::take(&mut current), words - kept, chunks, &mut sizes);
            words = kept;
            current.extend(introduction);
        }
        words += atom.words;
        current.push(atom);
    }
    finish(&group.path, current, words, chunks, &mut sizes);
    merge_tail(first, &sizes, target, max, chunks);
}

fn finish(path: &[String], atoms: Vec<Atom>, words: usize, chunks: &mut Vec<Chunk>, sizes: &mut Vec<usize>) {
    let units: Vec<Unit> = atoms.into_iter().flat_map(|atom| atom.units).collect();
    if let (Some(first), Some(last)) = (units.first(), units.last()) {
        sizes.push(words);
        chunks.push(Chunk {
            ordinal: u32::try_from(chunks.len()).unwrap_or(u32::MAX),
            heading_path: path.to_vec(),
            start: first.start,
            end: last.end,
            units,
        });
    }
}

/// The last few words of a section join the passage before them, rather than being one without context.
fn merge_tail(first: usize, sizes: &[usize], target: usize, max: usize, chunks: &mut Vec<Chunk>) {
    let [.., before, last] = sizes else { return };
    if *last * 4 < target
        && before + last <= max
        && chunks.len() >= first + 2
        && let Some(tail) = chunks.pop()
        && let Some(chunk) = chunks.last_mut()
    {
        chunk.end = tail.end;
        chunk.units.extend(tail.units);
    }
}
