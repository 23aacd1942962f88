//! PDF: what the pages paint, put back into lines, paragraphs, headings, lists and tables.
//!
//! `lopdf` reads the file's objects. Page contents are read by our own lexer, because a content stream turned into objects
//! takes many times its size, and because spaces, columns and headings have to be found from positions and font sizes.
//! A file can be hostile: every stream is inflated against one budget for the whole file, and reading happens on a thread of
//! its own, so that neither a panic in the library nor a deep structure takes the server with it.

mod cmap;
mod content;
mod flow;
mod fonts;
mod grid;
mod layout;
mod lexer;
mod matrix;
mod running;

use std::cell::Cell;
use std::collections::HashSet;

use lopdf::{DecompressError, Dictionary, Document, Error, LoadOptions, Object, ObjectId};

use super::writer::{Writer, squeeze};
use super::{Limits, ParseError, Parsed};
use content::Painter;
use layout::Line;

/// No object or cross-reference stream that a program writes comes near this.
const STRUCTURE_STREAM_BYTES: usize = 32 << 20;
/// Values that a file may hold outside its page contents: each becomes an object of some hundred bytes.
const STRUCTURE_VALUES: u64 = 4_000_000;
/// Values in all bytes of a file, where compressed data count for little.
const FILE_VALUES: u64 = 5_000_000;
/// Lines of text in a whole document.
const MAX_LINES: usize = 2_000_000;
const STACK_BYTES: usize = 16 << 20;

thread_local! {
    /// What object streams may still inflate to while a file is loaded, and how many values they may still hold. The
    /// library's filter is a plain function, and the file is loaded on one thread.
    static STRUCTURE_LEFT: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    static STRUCTURE_SPENT: Cell<bool> = const { Cell::new(false) };
}

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Parsed, ParseError> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("pdf".to_owned())
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || read(bytes, limits))
            .map_err(|error| ParseError::damaged(format!("it cannot be read now ({error})")))?
            .join()
            .unwrap_or_else(|_| Err(ParseError::damaged("its structure breaks the rules of PDF")))
    })
}

fn read(bytes: &[u8], limits: &Limits) -> Result<Parsed, ParseError> {
    let document = load(bytes, limits)?;
    if document.is_encrypted() && document.encryption_state.is_none() {
        return Err(ParseError::Encrypted);
    }
    let pages: Vec<ObjectId> = pages(&document, limits)?;
    if pages.is_empty() {
        return Err(ParseError::damaged("it has no readable pages, as after a broken upload"));
    }
    let mut painter = Painter::new(&document, limits);
    let mut contents: Vec<Vec<Line>> = Vec::with_capacity(pages.len());
    let mut lines = 0;
    for page in pages {
        let page = layout::lines(painter.page(page)?);
        lines += page.len();
        if lines > MAX_LINES {
            return Err(ParseError::too_large(format!("it has more than {MAX_LINES} lines of text")));
        }
        contents.push(page);
    }
    if lines == 0 {
        if painter.broken() && !painter.undecodable() {
            return Err(ParseError::damaged("the contents of its pages cannot be read, as after a broken upload"));
        }
        let why = if painter.undecodable() {
            "its fonts do not say which characters they show. Export it again with Unicode text, or run text recognition (OCR) on it"
        } else if painter.pictures() {
            "its pages are pictures, probably a scan. Run text recognition (OCR) on it and upload the result"
        } else {
            "its pages are empty or hold only drawings. If they show text, run text recognition (OCR) on it"
        };
        return Err(ParseError::NoText { why: why.to_owned() });
    }
    let mut writer = Writer::new(limits);
    flow::write(contents, &mut writer)?;
    let title = info_title(&document);
    writer.finish(title.as_deref(), "it shows nothing but page numbers")
}

fn load(bytes: &[u8], limits: &Limits) -> Result<Document, ParseError> {
    // Each value takes fifty times its bytes once it is read.
    if count_values(bytes) > FILE_VALUES {
        return Err(too_complex());
    }
    STRUCTURE_LEFT.set((limits.inflated_bytes, STRUCTURE_VALUES));
    STRUCTURE_SPENT.set(false);
    let inflated = usize::try_from(limits.inflated_bytes).unwrap_or(usize::MAX);
    let mut stream_bytes = inflated.min(STRUCTURE_STREAM_BYTES);
    // The library does not call the filter for encrypted files; there each object stream gets an equal share.
    if occurrences(bytes, b"/Encrypt") > 0 {
        let share = inflated / occurrences(bytes, b"ObjStm").max(1);
        stream_bytes = stream_bytes.min(share.max(64 << 10));
    }
    let options = |force_reconstruct| LoadOptions {
        filter: Some(keep),
        max_decompressed_size: Some(stream_bytes),
        force_reconstruct,
        ..LoadOptions::default()
    };
    let mut loaded = Document::load_mem_with_options(bytes, options(false));
    // A file with a broken index may still have all its pages; look for the objects themselves.
    let no_pages = loaded
        .as_ref()
        .is_ok_and(|document| !document.trailer.has(b"Encrypt") && document.page_iter().next().is_none());
    if no_pages && !STRUCTURE_SPENT.get() {
        loaded = Document::load_mem_with_options(bytes, options(true));
    }
    if STRUCTURE_SPENT.get() {
        return Err(if STRUCTURE_LEFT.get().0 == 0 { bomb(limits) } else { too_complex() });
    }
    loaded.map_err(|error| load_error(&error, limits))
}

/// A rounded number within a million.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(number: f32) -> i32 {
    number.round().clamp(-1e6, 1e6) as i32
}

fn occurrences(bytes: &[u8], word: &[u8]) -> usize {
    bytes.windows(word.len()).filter(|window| *window == word).count()
}

fn too_complex() -> ParseError {
    ParseError::too_large("its structure has millions of parts")
}

fn bomb(limits: &Limits) -> ParseError {
    let mib = limits.inflated_bytes >> 20;
    ParseError::too_large(format!("it unpacks to more than {mib} MiB"))
}

fn load_error(error: &Error, limits: &Limits) -> ParseError {
    match error {
        Error::Decompress(DecompressError::MemoryLimitExceeded { .. }) => bomb(limits),
        Error::InvalidPassword | Error::Decryption(_) | Error::UnsupportedSecurityHandler(_) => ParseError::Encrypted,
        error => ParseError::damaged(format!("the PDF cannot be read ({error}), as after a broken upload")),
    }
}

/// Called by the library for each object that it has loaded, before it unpacks an object stream: counts what those unpack
/// to, and drops pictures, of which nothing is read.
fn keep(id: ObjectId, object: &mut Object) -> Option<(ObjectId, Object)> {
    if STRUCTURE_SPENT.get() {
        return None;
    }
    let (bytes, values) = STRUCTURE_LEFT.get();
    let Some(values) = values.checked_sub(nodes(object)) else {
        STRUCTURE_SPENT.set(true);
        return None;
    };
    STRUCTURE_LEFT.set((bytes, values));
    if let Object::Stream(stream) = object {
        let named = |key: &[u8], name: &[u8]| stream.dict.get(key).and_then(Object::as_name).is_ok_and(|is| is == name);
        if named(b"Subtype", b"Image") {
            return None;
        }
        if named(b"Type", b"ObjStm") {
            let limit = usize::try_from(bytes).unwrap_or(usize::MAX).min(STRUCTURE_STREAM_BYTES);
            match stream.decompressed_content_with_limit(limit) {
                Ok(content) => {
                    // The values themselves are counted when they come here one by one.
                    if count_values(&content) > values {
                        STRUCTURE_SPENT.set(true);
                        return None;
                    }
                    STRUCTURE_LEFT.set((bytes.saturating_sub(content.len() as u64), values));
                }
                Err(Error::Decompress(DecompressError::MemoryLimitExceeded { .. })) => {
                    STRUCTURE_LEFT.set((0, values));
                    STRUCTURE_SPENT.set(true);
                    return None;
                }
                Err(_) => return None,
            }
        }
    }
    // Of an object in the file itself the library keeps the one that it passed, of one in an object stream the result; a
    // stream is never in an object stream.
    let kept = if matches!(object, Object::Stream(_)) { Object::Null } else { object.clone() };
    Some((id, kept))
}

/// How many values an object holds.
fn nodes(object: &Object) -> u64 {
    match object {
        Object::Array(items) => 1 + items.iter().map(nodes).sum::<u64>(),
        Object::Dictionary(entries) => 1 + entries.iter().map(|(_, value)| 1 + nodes(value)).sum::<u64>(),
        _ => 1,
    }
}

/// How many values a stream of objects holds, roughly: words, brackets and names.
fn count_values(content: &[u8]) -> u64 {
    let mut count = 0;
    let mut in_word = false;
    for byte in content {
        let separate = matches!(byte, b'[' | b'(' | b'<' | b'/');
        let word = !byte.is_ascii_whitespace() && !separate && !matches!(byte, b']' | b')' | b'>');
        count += u64::from(separate || (word && !in_word));
        in_word = word || separate;
    }
    count
}

fn pages(document: &Document, limits: &Limits) -> Result<Vec<ObjectId>, ParseError> {
    let mut seen = HashSet::new();
    let mut pages = Vec::new();
    for page in document.page_iter() {
        // A page that stands in the tree twice is read once.
        if !seen.insert(page) {
            continue;
        }
        if pages.len() >= limits.pages {
            return Err(ParseError::too_large(format!("it has more than {} pages", limits.pages)));
        }
        pages.push(page);
    }
    Ok(pages)
}

/// The title of the document's properties, unless a program put the file's name there.
fn info_title(document: &Document) -> Option<String> {
    let info = document.trailer.get_deref(b"Info", document).and_then(Object::as_dict).ok()?;
    let title = info.get_deref(b"Title", document).and_then(lopdf::decode_text_string).ok()?;
    let title = squeeze(&title);
    let lower = title.to_lowercase();
    let file_name = [".doc", ".docx", ".pdf", ".tex", ".dvi", ".indd", ".odt", ".ppt", ".xls", ".qxd"];
    let poor = lower.starts_with("microsoft ")
        || lower.starts_with("untitled")
        || file_name.iter().any(|end| lower.ends_with(end));
    (!poor && title.chars().any(char::is_alphabetic)).then_some(title)
}

/// A dictionary under a key, by reference or directly.
fn dictionary<'d>(document: &'d Document, within: &'d Dictionary, key: &[u8]) -> Option<&'d Dictionary> {
    match within.get_deref(key, document).ok()? {
        Object::Dictionary(dictionary) => Some(dictionary),
        Object::Stream(stream) => Some(&stream.dict),
        _ => None,
    }
}
