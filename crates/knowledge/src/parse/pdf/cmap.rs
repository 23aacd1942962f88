//! Character maps (`ToUnicode`): which characters the codes of a font mean.

use std::collections::{BTreeMap, HashMap};

use super::lexer::{Lexer, Token};

/// Codes that one map may name one by one. A font has at most 65,536 glyphs.
const MAX_CODES: usize = 1 << 17;

/// The characters of a font's codes.
#[derive(Debug, Default)]
pub(super) struct CharacterMap {
    single: HashMap<u32, String>,
    /// First code to last code and first character.
    ranges: BTreeMap<u32, (u32, u32)>,
    /// Bytes a code, where the map says so.
    pub(super) code_bytes: Option<usize>,
}

impl CharacterMap {
    /// Reads a map; what cannot be read is passed over.
    pub(super) fn read(source: &[u8]) -> Self {
        let mut map = Self::default();
        let mut section: &[u8] = b"";
        let mut strings: Vec<Vec<u8>> = Vec::new();
        let mut list: Option<Vec<Vec<u8>>> = None;
        for token in Lexer::new(source) {
            match token {
                Token::Operator(word) if word.starts_with(b"begin") => {
                    section = word;
                    strings.clear();
                    list = None;
                }
                Token::Operator(word) if word.starts_with(b"end") => section = b"",
                Token::Open(false) => list = Some(Vec::new()),
                Token::Close(false) => {
                    if let (b"beginbfrange", [first, _]) = (section, strings.as_slice()) {
                        let targets = list.take().unwrap_or_default();
                        for (code, target) in (code(first)..).zip(targets) {
                            map.put(code, &target);
                        }
                    }
                    strings.clear();
                }
                Token::String(string) => {
                    if let Some(list) = &mut list {
                        if list.len() < MAX_CODES {
                            list.push(string);
                        }
                        continue;
                    }
                    strings.push(string);
                    if map.complete(section, &strings) {
                        strings.clear();
                    }
                }
                _ => {}
            }
        }
        map
    }

    /// Takes an entry once all its strings are there.
    fn complete(&mut self, section: &[u8], strings: &[Vec<u8>]) -> bool {
        match (section, strings) {
            (b"begincodespacerange", [_, high]) => {
                self.code_bytes = Some(self.code_bytes.unwrap_or(0).max(high.len().clamp(1, 4)));
                true
            }
            (b"beginbfchar", [from, to]) => {
                self.put(code(from), to);
                true
            }
            (b"beginbfrange", [first, last, target]) => {
                let (first, last) = (code(first), code(last));
                match utf16(target).chars().collect::<Vec<char>>().as_slice() {
                    [one] if last >= first && self.ranges.len() < MAX_CODES => {
                        self.ranges.insert(first, (last, u32::from(*one)));
                    }
                    _ => self.put(first, target),
                }
                true
            }
            (b"beginbfchar" | b"beginbfrange" | b"begincodespacerange", _) => false,
            _ => true,
        }
    }

    fn put(&mut self, code: u32, target: &[u8]) {
        if self.single.len() < MAX_CODES {
            self.single.insert(code, utf16(target));
        }
    }

    /// The characters of a code.
    pub(super) fn get(&self, code: u32) -> Option<String> {
        if let Some(text) = self.single.get(&code) {
            return Some(text.clone());
        }
        let (first, (last, target)) = self.ranges.range(..=code).next_back()?;
        (code <= *last).then(|| char::from_u32(target.wrapping_add(code - first)))?.map(String::from)
    }

    /// Whether it names anything.
    pub(super) fn is_empty(&self) -> bool {
        self.single.is_empty() && self.ranges.is_empty()
    }
}

/// The number of a code.
pub(super) fn code(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |code, byte| code << 8 | u32::from(*byte))
}

fn utf16(bytes: &[u8]) -> String {
    if let [byte] = bytes {
        return char::from(*byte).to_string();
    }
    let (text, _) = encoding_rs::UTF_16BE.decode_without_bom_handling(bytes);
    text.replace('\0', "")
}
