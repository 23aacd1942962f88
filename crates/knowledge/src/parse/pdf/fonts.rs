//! Fonts: which characters the codes of a string mean, and how wide they are.

use std::collections::HashMap;

use lopdf::{Dictionary, Document, Encoding, Object, Stream};

use super::cmap::{CharacterMap, code};
use super::{dictionary, whole};

/// A character map of this size names every character there is.
const CMAP_BYTES: usize = 8 << 20;

/// How codes become characters where no character map says so.
enum Characters {
    /// One byte a code.
    Table(Vec<String>),
    /// Two bytes a code, which are UTF-16.
    Utf16,
    /// Numbers of glyphs that only the font's program knows.
    Unknown,
}

/// A font as far as text needs it.
pub(super) struct Font {
    map: CharacterMap,
    characters: Characters,
    code_bytes: usize,
    /// In units of the font, see `unit`.
    widths: HashMap<u32, f32>,
    default_width: Option<f32>,
    /// The size of a unit in the text's space: a thousandth but for Type 3 fonts.
    unit: f32,
    pub(super) bold: bool,
    pub(super) fixed: bool,
}

/// A shown character: its text, its width at size 1, and whether it is the code that word spacing widens.
pub(super) struct Glyph {
    pub(super) text: String,
    pub(super) width: f32,
    pub(super) is_space: bool,
}

impl Font {
    /// Reads a font. `inflated` is increased by what its streams unpack to.
    pub(super) fn read(document: &Document, font: &Dictionary, inflated: &mut u64) -> Self {
        let subtype = font.get(b"Subtype").and_then(Object::as_name).unwrap_or_default();
        let composite = subtype == b"Type0";
        let map = font
            .get_deref(b"ToUnicode", document)
            .and_then(Object::as_stream)
            .ok()
            .and_then(|stream: &Stream| stream.get_plain_content_with_limit(CMAP_BYTES).ok())
            .map(|source| {
                *inflated += source.len() as u64;
                CharacterMap::read(&source)
            })
            .unwrap_or_default();
        let descendant = font
            .get_deref(b"DescendantFonts", document)
            .and_then(Object::as_array)
            .ok()
            .and_then(|fonts| fonts.first())
            .and_then(|font| document.dereference(font).ok())
            .and_then(|(_, font)| font.as_dict().ok());
        let name = font.get_deref(b"BaseFont", document).and_then(Object::as_name).unwrap_or_default();
        let name = String::from_utf8_lossy(name).to_lowercase();
        let described = dictionary(document, descendant.unwrap_or(font), b"FontDescriptor");
        let weight = described.and_then(|font| font.get(b"FontWeight").and_then(Object::as_float).ok());
        let mut read = Self {
            characters: if composite {
                composite_characters(font)
            } else {
                Characters::Table(simple_table(document, font))
            },
            code_bytes: if composite { map.code_bytes.unwrap_or(2) } else { 1 },
            map,
            widths: HashMap::new(),
            default_width: None,
            unit: if subtype == b"Type3" { type3_unit(document, font) } else { 0.001 },
            bold: ["bold", "black", "heavy", "semibold"].iter().any(|word| name.contains(word))
                || weight.is_some_and(|weight| weight >= 600.0),
            fixed: ["courier", "mono", "cmtt", "cmsltt", "cmitt", "typewriter", "consol", "menlo"]
                .iter()
                .any(|word| name.contains(word)),
        };
        // TeX's symbol font seldom says that this code is the bullet of its lists.
        if let Characters::Table(table) = &mut read.characters
            && name.contains("cmsy")
        {
            "•".clone_into(&mut table[15]);
        }
        match descendant {
            Some(descendant) => read.composite_widths(document, descendant),
            None => read.simple_widths(document, font, described),
        }
        read
    }

    fn simple_widths(&mut self, document: &Document, font: &Dictionary, described: Option<&Dictionary>) {
        let first = font.get_deref(b"FirstChar", document).and_then(Object::as_i64).unwrap_or(0);
        let Ok(widths) = font.get_deref(b"Widths", document).and_then(Object::as_array) else {
            return;
        };
        for (code, width) in (first..).zip(widths.iter().take(256)) {
            let width = document.dereference(width).ok().and_then(|(_, width)| width.as_float().ok());
            if let (Ok(code), Some(width)) = (u32::try_from(code), width) {
                self.widths.insert(code, width);
            }
        }
        let missing = described.and_then(|font| font.get(b"MissingWidth").and_then(Object::as_float).ok());
        self.default_width = Some(missing.unwrap_or(0.0));
    }

    /// `W` is a list of `first [width …]` and `first last width`.
    fn composite_widths(&mut self, document: &Document, font: &Dictionary) {
        self.default_width = Some(font.get_deref(b"DW", document).and_then(Object::as_float).unwrap_or(1000.0));
        let Ok(entries) = font.get_deref(b"W", document).and_then(Object::as_array) else {
            return;
        };
        let resolved = entries.iter().filter_map(|entry| document.dereference(entry).ok());
        let mut numbers: Vec<f32> = Vec::new();
        for (_, entry) in resolved {
            if let Ok(widths) = entry.as_array() {
                let first = numbers.pop().map_or(0, code_of);
                for (code, width) in (first..).zip(widths.iter().take(1 << 16)) {
                    if let Ok(width) = width.as_float() {
                        self.widths.insert(code, width);
                    }
                }
                numbers.clear();
            } else if let Ok(number) = entry.as_float() {
                numbers.push(number);
                if let [first, last, width] = numbers[..] {
                    for code in code_of(first)..=code_of(last) {
                        self.widths.insert(code, width);
                    }
                    numbers.clear();
                }
            }
        }
    }

    /// Whether its codes mean no characters that can be found out.
    pub(super) fn is_unknown(&self) -> bool {
        self.map.is_empty() && matches!(self.characters, Characters::Unknown)
    }

    /// The characters of a string.
    pub(super) fn glyphs(&self, string: &[u8]) -> impl Iterator<Item = Glyph> {
        string.chunks(self.code_bytes).map(|bytes| {
            let code = code(bytes);
            let text = self.map.get(code).unwrap_or_else(|| match &self.characters {
                Characters::Table(table) => table.get(code as usize).cloned().unwrap_or_default(),
                Characters::Utf16 => char::from_u32(code).map(String::from).unwrap_or_default(),
                Characters::Unknown => String::new(),
            });
            let width = self
                .widths
                .get(&code)
                .copied()
                .or(self.default_width)
                .map_or_else(|| self.usual_width(&text), |width| width * self.unit);
            Glyph { is_space: self.code_bytes == 1 && code == 32, text, width }
        })
    }

    /// The fourteen standard fonts need not state their widths; these are close to Helvetica's and Times'.
    fn usual_width(&self, text: &str) -> f32 {
        if self.fixed {
            return 0.6;
        }
        match text.chars().next() {
            None => 0.0,
            Some('i' | 'j' | 'l' | '\'' | '|') => 0.22,
            Some('t' | 'f' | 'r' | 'I' | ' ' | '.' | ',' | ':' | ';' | '!' | '(' | ')' | '[' | ']' | '/' | '-') => 0.29,
            Some('m' | 'M' | 'w' | 'W' | '@' | '%') => 0.83,
            Some(c) if c.is_uppercase() => 0.68,
            Some(_) => 0.53,
        }
    }
}

/// A code written as a number; codes have two bytes at most here.
fn code_of(number: f32) -> u32 {
    u32::try_from(whole(number)).unwrap_or(0).min(0xFFFF)
}

fn type3_unit(document: &Document, font: &Dictionary) -> f32 {
    let matrix = font.get_deref(b"FontMatrix", document).and_then(Object::as_array).ok();
    let unit = matrix.and_then(|matrix| matrix.first()).and_then(|first| first.as_float().ok());
    unit.map(f32::abs).filter(|unit| *unit > 0.0).unwrap_or(0.001)
}

fn composite_characters(font: &Dictionary) -> Characters {
    let encoding = font.get(b"Encoding").and_then(Object::as_name).unwrap_or_default();
    let encoding = String::from_utf8_lossy(encoding);
    if encoding.contains("UCS2") || encoding.contains("UTF16") { Characters::Utf16 } else { Characters::Unknown }
}

/// The characters of the 256 codes of a simple font.
fn simple_table(document: &Document, font: &Dictionary) -> Vec<String> {
    let encoding = font.get_deref(b"Encoding", document).ok();
    let (base, differences) = match encoding {
        Some(Object::Dictionary(encoding)) => (
            encoding.get(b"BaseEncoding").ok().cloned(),
            encoding.get_deref(b"Differences", document).and_then(Object::as_array).ok(),
        ),
        Some(name) => (Some(name.clone()), None),
        None => (None, None),
    };
    // TrueType fonts without a base are used with the codes of Windows by the programs that write them.
    let true_type = font.get(b"Subtype").and_then(Object::as_name).is_ok_and(|subtype| subtype == b"TrueType");
    let fallback: &[u8] = if true_type { b"WinAnsiEncoding" } else { b"StandardEncoding" };
    let base = base.filter(|base| base.as_name().is_ok()).unwrap_or_else(|| Object::Name(fallback.to_vec()));
    let mut table = with_encoding(document, base, |encoding| {
        (0..=255_u8).map(|code| encoding.bytes_to_string(&[code]).unwrap_or_default()).collect::<Vec<String>>()
    })
    .unwrap_or_else(|| (0..=255_u8).map(|code| char::from(code).to_string()).collect());
    let mut at = 0_usize;
    for entry in differences.into_iter().flatten().take(1024) {
        match entry {
            Object::Integer(code) => at = usize::try_from(*code).unwrap_or(256),
            Object::Name(name) => {
                if let Some(place) = table.get_mut(at) {
                    *place = glyph_name(document, name);
                }
                at += 1;
            }
            _ => {}
        }
    }
    table
}

/// The character of a glyph's name, from the library's list, or from the code in the name.
fn glyph_name(document: &Document, name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let stem = text.split('.').next().unwrap_or_default();
    let hexadecimal = stem
        .strip_prefix("uni")
        .and_then(|digits| digits.get(..4))
        .or_else(|| stem.strip_prefix('u').filter(|digits| digits.len() >= 4));
    if let Some(c) = hexadecimal.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32) {
        return c.to_string();
    }
    let mut encoding = Dictionary::new();
    encoding.set("Differences", Object::Array(vec![Object::Integer(0), Object::Name(stem.as_bytes().to_vec())]));
    with_encoding(document, Object::Dictionary(encoding), |encoding| encoding.bytes_to_string(&[0]).unwrap_or_default())
        .unwrap_or_default()
}

/// Lets the library interpret an encoding, which it only does for a font.
fn with_encoding<T>(document: &Document, encoding: Object, read: impl FnOnce(&Encoding<'_>) -> T) -> Option<T> {
    let mut font = Dictionary::new();
    font.set("Type", Object::Name(b"Font".to_vec()));
    font.set("Encoding", encoding);
    font.get_font_encoding_with_limit(document, CMAP_BYTES).ok().map(|encoding| read(&encoding))
}
