//! Refuses pages that would cost the parser time or memory out of all proportion.
//!
//! The HTML standard makes a parser reopen every unclosed formatting element (`<font>`, `<b>` …) in each new paragraph
//! and search the stack of open elements for many tags: a few megabytes of hostile tags become gigabytes or hours.

use crate::parse::ParseError;

/// Elements open at the same time. Pages made by people and programs stay below a hundred.
const MAX_OPEN: usize = 2_000;
/// Formatting elements that the parser reopens, summed over the page.
const MAX_REOPENED: usize = 2_000_000;

const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];
/// A start tag of these closes the one before it, so that leaving out the end tag is common.
const CLOSED_BY_NEXT: &[&str] =
    &["p", "li", "dt", "dd", "tr", "td", "th", "option", "thead", "tbody", "tfoot", "colgroup"];
const FORMATTING: &[&str] =
    &["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// A rough count of open elements, cheaper than parsing and on the safe side.
pub(super) fn check(source: &str) -> Result<(), ParseError> {
    let bytes = source.as_bytes();
    let (mut open, mut formatting, mut reopened) = (0_usize, 0_usize, 0_usize);
    let mut at = 0;
    while let Some(next) = bytes[at..].iter().position(|byte| *byte == b'<') {
        at += next + 1;
        let closing = bytes.get(at) == Some(&b'/');
        let from = at + usize::from(closing);
        let length = bytes[from..].iter().take(10).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let mut lower = [0_u8; 10];
        lower[..length].copy_from_slice(&bytes[from..from + length]);
        lower.make_ascii_lowercase();
        let Ok(name) = std::str::from_utf8(&lower[..length]) else { continue };
        if name.is_empty() || VOID.contains(&name) || CLOSED_BY_NEXT.contains(&name) {
            if name == "p" || name == "td" {
                reopened += formatting.saturating_sub(8);
            }
        } else if closing {
            open = open.saturating_sub(1);
            formatting = formatting.saturating_sub(usize::from(FORMATTING.contains(&name)));
        } else {
            open += 1;
            formatting += usize::from(FORMATTING.contains(&name));
            reopened += formatting.saturating_sub(8);
        }
        if open > MAX_OPEN || reopened > MAX_REOPENED {
            return Err(ParseError::damaged(format!("its tags are nested more than {MAX_OPEN} deep or never closed")));
        }
    }
    Ok(())
}
