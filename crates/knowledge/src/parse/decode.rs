//! Bytes to text: byte order mark, UTF-16, UTF-8, the declared encoding, else a guess from the bytes.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use super::ParseError;

/// How much of a file the guess looks at; letters outside ASCII are frequent enough for that.
const GUESS_BYTES: usize = 256 << 10;
/// How many characters decide whether something is text at all.
const SAMPLE_CHARS: usize = 16 << 10;

/// Decodes a text file. `declared` is the encoding that the file names itself, such as an HTML `charset`.
pub(super) fn decode<'b>(bytes: &'b [u8], declared: Option<&str>) -> Result<Cow<'b, str>, ParseError> {
    let text = decode_any(bytes, declared);
    if mostly_control(text.chars().take(SAMPLE_CHARS)) {
        return Err(ParseError::damaged("it holds binary data where text is expected"));
    }
    Ok(text)
}

fn decode_any<'b>(bytes: &'b [u8], declared: Option<&str>) -> Cow<'b, str> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0;
    }
    if let Some(encoding) = utf16_without_mark(bytes) {
        return encoding.decode_without_bom_handling(bytes).0;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    if mostly_utf8(bytes) {
        return String::from_utf8_lossy(bytes);
    }
    let encoding = declared
        .and_then(|label| Encoding::for_label(label.as_bytes()))
        // The bytes are not UTF-8, whatever the file says.
        .filter(|encoding| *encoding != encoding_rs::UTF_8)
        .unwrap_or_else(|| guess(bytes));
    encoding.decode_without_bom_handling(bytes).0
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let first = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or(0);
    let from = first.saturating_sub(1024);
    let sample = &bytes[from..bytes.len().min(from + GUESS_BYTES)];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    detector.guess(None, Utf8Detection::Deny)
}

/// Latin text in UTF-16 has a zero in every second byte.
pub(super) fn utf16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(1024)];
    if head.len() < 4 || bytes.len() % 2 == 1 {
        return None;
    }
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, pairs) = (zeros(0), zeros(1), head.len() / 2);
    if odd * 10 > pairs * 7 && even * 20 < pairs {
        Some(UTF_16LE)
    } else if even * 10 > pairs * 7 && odd * 20 < pairs {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// A few broken bytes (a cut at the end, one pasted character) do not make UTF-8 another encoding.
fn mostly_utf8(bytes: &[u8]) -> bool {
    let (mut good, mut bad) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().bytes().filter(|byte| *byte >= 0xC0).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    // A lone incomplete sequence at the very end is a cut.
    let cut = std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none());
    good > bad * 10 || (cut && bad == 1)
}

/// Whether more than one character in twenty is one that text does not use.
pub(super) fn mostly_control(chars: impl Iterator<Item = char>) -> bool {
    let (mut total, mut control) = (0_usize, 0_usize);
    for c in chars {
        total += 1;
        // Escape begins the colours of terminal logs; form feed separates pages.
        let harmless = matches!(c, '\t' | '\n' | '\r' | '\x0c' | '\x1b');
        control += usize::from((c.is_control() && !harmless) || c == char::REPLACEMENT_CHARACTER);
    }
    control * 20 > total
}
