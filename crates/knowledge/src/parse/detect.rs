//! What a file is, decided by its content. The name only decides between the text formats that look alike.

use std::io::Cursor;

use super::{Format, csv, decode};

/// How many bytes are looked at. The rest matters only for the directory at the end of a ZIP archive.
const HEAD: usize = 32 << 10;
/// How much of either end of an old Office file is searched for the names of its streams.
const OLE_END: usize = 1 << 20;

/// A file that cannot be read as a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// Nothing but white space.
    #[error("the file is empty")]
    Empty,
    /// Something else than a document that can be read.
    #[error(
        "this is {what}, which cannot be read: use PDF, Word (.docx), HTML, Markdown, plain text, CSV or JSON lines"
    )]
    Binary {
        /// With its article: "a PNG image".
        what: &'static str,
    },
}

/// Magic numbers: offset, bytes, what it is.
const SIGNATURES: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"GIF87a", "a GIF image"),
    (0, b"GIF89a", "a GIF image"),
    (8, b"WEBP", "a WebP image"),
    (0, b"II*\0", "a TIFF image"),
    (0, b"MM\0*", "a TIFF image"),
    (8, b"WAVE", "a WAV recording"),
    (8, b"AVI ", "an AVI video"),
    (4, b"ftyp", "an MP4 or HEIC media file"),
    (0, b"ID3", "an MP3 recording"),
    (0, b"OggS", "an Ogg recording"),
    (0, b"fLaC", "a FLAC recording"),
    (0, b"\x1a\x45\xdf\xa3", "a Matroska or WebM video"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ\0", "an xz archive"),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\x7fELF", "a program"),
    (0, b"\xca\xfe\xba\xbe", "a program"),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (0, b"wOFF", "a font"),
    (0, b"wOF2", "a font"),
    (0, b"{\\rtf", "a rich text (.rtf) file"),
    (0, b"%!PS", "a PostScript file"),
];

/// Finds the format of a file by its content; `file_name` is what the uploader called it and may be wrong or empty.
pub fn detect(bytes: &[u8], file_name: &str) -> Result<Format, Unsupported> {
    let head = &bytes[..bytes.len().min(HEAD)];
    if is_pdf(head) {
        return Ok(Format::Pdf);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return zip_format(bytes);
    }
    if bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Err(binary(ole_kind(bytes)));
    }
    let known =
        |&&(offset, magic, _): &&(usize, &[u8], &str)| head.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    if let Some((_, _, what)) = SIGNATURES.iter().find(known) {
        return Err(binary(what));
    }
    if (head.starts_with(b"BM") || head.starts_with(b"MZ")) && head.contains(&0) {
        return Err(binary(if head[0] == b'B' { "a BMP image" } else { "a program" }));
    }
    let Ok(text) = decode::decode(head, None) else {
        return Err(binary("a binary file"));
    };
    let utf16 = encoding_rs::Encoding::for_bom(head).is_some_and(|(encoding, _)| encoding != encoding_rs::UTF_8)
        || decode::utf16_without_mark(head).is_some();
    if !utf16 && head.contains(&0) {
        return Err(binary("a binary file"));
    }
    let blank = |c: char| c.is_whitespace() || c == '\u{feff}';
    if text.chars().all(blank) && std::str::from_utf8(bytes).map_or(bytes.len() <= HEAD, |all| all.chars().all(blank)) {
        return Err(Unsupported::Empty);
    }
    text_format(text.trim_start_matches(blank), bytes.len() <= HEAD, &extension(file_name))
}

fn binary(what: &'static str) -> Unsupported {
    Unsupported::Binary { what }
}

/// Some writers put bytes before the header; a text about PDF that quotes the header is none.
fn is_pdf(head: &[u8]) -> bool {
    let start = &head[..head.len().min(1024)];
    let Some(at) = start.windows(5).position(|window| window == b"%PDF-") else {
        return false;
    };
    start[..at].iter().all(u8::is_ascii_whitespace)
        || head.contains(&0)
        || head.windows(6).any(|window| window == b"endobj")
}

fn zip_format(bytes: &[u8]) -> Result<Format, Unsupported> {
    let Ok(archive) = zip::ZipArchive::new(Cursor::new(bytes)) else {
        // Without its directory the archive is damaged; its first entries still say what it was.
        let head = &bytes[..bytes.len().min(HEAD)];
        let word = [&b"[Content_Types].xml"[..], b"word/document.xml"];
        let looks_like_word = word.iter().any(|name| head.windows(name.len()).any(|window| window == *name));
        return if looks_like_word { Ok(Format::Docx) } else { Err(binary("a damaged ZIP archive")) };
    };
    let mut what = "a ZIP archive that is not a Word document";
    for name in archive.file_names_raw() {
        match name {
            b"word/document.xml" => return Ok(Format::Docx),
            b"xl/workbook.xml" | b"xl/workbook.bin" => what = "an Excel workbook",
            b"ppt/presentation.xml" => what = "a PowerPoint presentation",
            b"META-INF/container.xml" => what = "an EPUB book",
            b"content.xml" => what = "an OpenDocument file",
            _ => {}
        }
    }
    Err(binary(what))
}

/// Compound files name their streams in UTF-16; the directory lies anywhere in the file.
fn ole_kind(bytes: &[u8]) -> &'static str {
    // Large files keep the directory near an end.
    let ends = [&bytes[..bytes.len().min(OLE_END)], &bytes[bytes.len().saturating_sub(OLE_END)..]];
    let has = |name: &str| {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        ends.iter().any(|end| end.windows(wide.len()).any(|window| window == wide))
    };
    if has("EncryptedPackage") {
        "an Office document that is protected with a password"
    } else if has("WordDocument") {
        "an old .doc Word file"
    } else if has("Workbook") {
        "an old .xls Excel file"
    } else if has("PowerPoint Document") {
        "an old .ppt PowerPoint file"
    } else {
        "an old Office or Outlook file"
    }
}

fn extension(file_name: &str) -> String {
    file_name.rsplit_once('.').map(|(_, end)| end.trim().to_ascii_lowercase()).unwrap_or_default()
}

/// Decides between the text formats. `head` begins with something visible; `whole` says that it is the entire file.
fn text_format(head: &str, whole: bool, extension: &str) -> Result<Format, Unsupported> {
    let markdown_name = matches!(extension, "md" | "markdown" | "mdx" | "mkd");
    match html_start(head) {
        Some(Page::Svg) => return Err(binary("an SVG image")),
        Some(Page::Whole) => return Ok(Format::Html),
        Some(Page::Fragment) if !markdown_name => return Ok(Format::Html),
        _ => {}
    }
    if is_json(head, whole, extension) {
        return Ok(Format::JsonLines);
    }
    if markdown_name {
        return Ok(Format::Markdown);
    }
    let marks = markdown_marks(head);
    let separated_name = matches!(extension, "csv" | "tsv" | "psv");
    if is_csv(head, whole, separated_name) {
        return Ok(Format::Csv);
    }
    let needed = if matches!(extension, "txt" | "text" | "log") { 2 } else { 1 };
    Ok(if marks >= needed { Format::Markdown } else { Format::Text })
}

enum Page {
    Whole,
    Fragment,
    Svg,
}

fn html_start(head: &str) -> Option<Page> {
    let mut rest = head.trim_start();
    // Comments and the XML declaration may stand before the first tag.
    loop {
        let end = if rest.starts_with("<!--") {
            rest.find("-->").map(|at| at + 3)
        } else if rest.starts_with("<?xml") {
            rest.find("?>").map(|at| at + 2)
        } else {
            None
        };
        match end {
            Some(end) => rest = rest[end..].trim_start(),
            None => break,
        }
    }
    let lower: String = rest.chars().take(200).collect::<String>().to_ascii_lowercase();
    if lower.starts_with("<svg") || (lower.starts_with("<!doctype svg")) {
        return Some(Page::Svg);
    }
    let begins = |names: &[&str]| {
        names.iter().any(|name| {
            lower
                .strip_prefix('<')
                .and_then(|tag| tag.strip_prefix(name))
                .is_some_and(|after| after.starts_with(|c: char| !c.is_ascii_alphanumeric()))
        })
    };
    if lower.starts_with("<!doctype") || begins(&["html", "head", "body"]) || head.starts_with("<?xml") {
        return Some(Page::Whole);
    }
    let tags = [
        "div",
        "p",
        "h1",
        "h2",
        "h3",
        "table",
        "ul",
        "ol",
        "dl",
        "article",
        "section",
        "main",
        "meta",
        "title",
        "link",
        "style",
        "script",
        "span",
        "center",
        "font",
        "b",
        "a",
        "pre",
        "blockquote",
    ];
    (begins(&tags) && (head.contains("</") || head.contains("/>"))).then_some(Page::Fragment)
}

fn is_json(head: &str, whole: bool, extension: &str) -> bool {
    if !head.starts_with(['{', '[']) {
        return false;
    }
    if matches!(extension, "json" | "jsonl" | "ndjson" | "jsonlines") {
        return true;
    }
    let valid = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let first = head.lines().next().unwrap_or_default().trim_end();
    (first.starts_with('{') && first.ends_with('}') && valid(first))
        || (whole && valid(head))
        // A first record that is longer than the head.
        || (!whole && first.len() == head.len() && head.starts_with("{\""))
}

/// How many kinds of Markdown marks the text uses.
fn markdown_marks(head: &str) -> usize {
    let heading = head.lines().any(|line| {
        let text = line.trim_start_matches('#');
        let level = line.len() - text.len();
        (1..=6).contains(&level) && text.starts_with(' ') && text.trim().len() > 1
    });
    let fence = head.lines().any(|line| line.trim_start().starts_with("```"));
    let link = head.contains("](http") || head.contains("](./") || head.contains("](#") || head.contains(".md)");
    let separator = head.lines().any(|line| {
        let row = line.trim();
        row.contains("--") && row.contains('|') && row.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
    });
    let bold = head.matches("**").count() >= 2;
    [heading, fence, link, separator, bold].into_iter().filter(|mark| *mark).count()
}

/// A file that is named so needs two columns, any other three rows of three columns that do not read like prose.
fn is_csv(head: &str, whole: bool, named: bool) -> bool {
    let mut lines: Vec<&str> = head.lines().filter(|line| !line.trim().is_empty()).collect();
    if !whole {
        lines.pop();
    }
    if named && lines.len() < 2 {
        return true;
    }
    let Some(delimiter) = csv::sniff(head) else {
        return named && lines.iter().take(20).all(|line| line.len() < 80 && !line.ends_with('.'));
    };
    if named {
        return true;
    }
    let wide = lines.iter().all(|line| {
        line.bytes().filter(|byte| *byte == delimiter).count() >= 2 && !line.trim_end().ends_with(['.', ':'])
    });
    // Bars in a Markdown table are marks.
    let bars = delimiter == b'|' && lines.iter().any(|line| line.trim_start().starts_with('|'));
    lines.len() >= 3 && wide && !bars
}
