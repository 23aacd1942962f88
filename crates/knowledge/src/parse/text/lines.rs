//! What a single line of plain text looks like.

/// Columns of white space before the first character; a tab counts as four.
pub(super) fn indent(line: &str) -> usize {
    line.chars().take_while(|c| c.is_whitespace()).map(|c| if c == '\t' { 4 } else { 1 }).sum()
}

/// The heading level of an underline: three or more of one of `= - ~ ^ * #`.
pub(super) fn underline(line: &str) -> Option<u8> {
    let line = line.trim();
    let first = line.chars().next()?;
    if line.len() < 3 || !line.chars().all(|c| c == first) {
        return None;
    }
    match first {
        '=' | '#' | '*' => Some(1),
        '-' => Some(2),
        '~' | '^' => Some(3),
        _ => None,
    }
}

/// Splits a bullet or a number from its text. Bullets are dropped, numbers are kept as the first part.
pub(in crate::parse) fn bullet(line: &str) -> Option<(&str, &str)> {
    let first = line.chars().next()?;
    if matches!(
        first,
        '-' | '*' | '+' | '•' | '–' | '—' | '‣' | '▪' | '●' | '◦' | '·' | '○' | '■' | '\u{f0b7}' | '\u{f0a7}'
    ) {
        let rest = &line[first.len_utf8()..];
        let text = rest.trim_start();
        return (rest.len() > text.len() && !text.is_empty()).then_some(("", text));
    }
    let (marker, text) = line.split_once(char::is_whitespace)?;
    let text = text.trim_start();
    let inner = marker.trim_start_matches('(');
    let label = inner.strip_suffix(')').or_else(|| inner.strip_suffix('.').filter(|_| marker == inner))?;
    let number = (1..=3).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_digit());
    // "e. coli" and "A. Smith" are no points, "a) first" is one.
    let letter = label.len() == 1 && label.bytes().all(|byte| byte.is_ascii_lowercase()) && marker.ends_with(')');
    ((number || letter) && !text.is_empty()).then(|| (&line[..=marker.len()], text))
}

/// The level of `2.3 Scope`, `Section 4: Duties`, `Appendix B`.
pub(super) fn numbered_heading(line: &str) -> Option<u8> {
    let short = line.chars().count() <= 90 && line.split_whitespace().count() <= 12;
    if !short || line.ends_with(['.', ',', ';', ':', '!']) {
        return None;
    }
    let (first, rest) = line.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    if matches!(
        first,
        "Section" | "Chapter" | "Article" | "Appendix" | "Part" | "Annex" | "CHAPTER" | "SECTION" | "PART"
    ) {
        let label = rest.split(|c: char| c.is_whitespace() || matches!(c, ':' | '.' | '-')).next().unwrap_or_default();
        let labelled = !label.is_empty()
            && label.len() <= 5
            && label.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
        return labelled.then_some(1);
    }
    let number = first.strip_suffix(['.', ')']).unwrap_or(first);
    let parts: Vec<&str> = number.split('.').collect();
    let numeric =
        parts.iter().all(|part| !part.is_empty() && part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit()));
    // "1 Introduction" needs its full stop, or every figure would begin a heading.
    let marked = parts.len() > 1 || first.len() > number.len();
    let named = rest.starts_with(char::is_uppercase);
    (numeric && marked && named).then(|| u8::try_from(parts.len()).unwrap_or(6).min(6))
}

/// A short line in capitals.
pub(super) fn is_capitals(line: &str) -> bool {
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 4
        && line.split_whitespace().count() <= 10
        && !line.chars().any(char::is_lowercase)
        && !line.ends_with(['.', ',', ';', '!'])
        && line.starts_with(char::is_alphanumeric)
        && !line.contains("  ")
}

/// Lines that are laid out in columns or drawn with characters.
pub(super) fn has_columns(line: &str) -> bool {
    let text = line.trim();
    let drawn = text.starts_with(['|', '+', '│', '┌', '└', '├']) && text.chars().count() > 2 && !text.starts_with("+ ");
    drawn || text.contains("   ") || text.contains('\t')
}

/// The cells of lines that all have the same number of columns, set apart by bars or by two spaces and more.
pub(super) fn table(lines: &[&str]) -> Option<Vec<Vec<String>>> {
    let mut rows = Vec::with_capacity(lines.len());
    for line in lines {
        let text = line.trim();
        // Rules between header and body.
        if text.chars().all(|c| matches!(c, '-' | '=' | '+' | '|' | ':' | ' ')) {
            continue;
        }
        let cells: Vec<String> = if text.contains('|') {
            text.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
        } else {
            text.replace('\t', "  ")
                .split("  ")
                .map(|cell| cell.trim().to_owned())
                .filter(|cell| !cell.is_empty())
                .collect()
        };
        rows.push(cells);
    }
    let even = rows.len() > 1 && rows[0].len() > 1 && rows.iter().all(|row| row.len() == rows[0].len());
    even.then_some(rows)
}
