//! Reads a document in Markdown, as far as benchmark documents use it: headings, tables, lists and lines.

use super::document::{Document, Line, Section};
use super::label::Label;
use super::table::{Row, Table};

/// Reads a document. Any text is one; front matter and code are left out.
pub(super) fn read(text: &str) -> Document {
    let mut reader = Reader::default();
    let lines: Vec<&str> = text.lines().collect();
    let mut number = front_matter(&lines);
    let mut fence: Option<&str> = None;
    while let Some(line) = lines.get(number) {
        number += 1;
        let trimmed = line.trim();
        match fence {
            Some(mark) if trimmed.starts_with(mark) => fence = None,
            Some(_) => {}
            None => match ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark)) {
                Some(mark) => fence = Some(mark),
                None if heading(line).is_some() => reader.heading(line),
                None if is_row(trimmed) && lines.get(number).is_some_and(|next| is_rule(next)) => {
                    let below = lines.get(number + 1..).unwrap_or_default();
                    let rows = below.iter().take_while(|line| is_row(line.trim())).count();
                    reader.table(trimmed, below.get(..rows).unwrap_or_default(), number + 2);
                    number += 1 + rows;
                }
                None => reader.line(line, number),
            },
        }
    }
    let mut document = reader.document;
    document.sections.retain(|section| !section.path.iter().any(|heading| heading.is_seed));
    document
}

#[derive(Default)]
struct Reader {
    document: Document,
    /// The headings around the current section, with their levels.
    around: Vec<(usize, String)>,
    /// What introduces the current lines, and where it begins; a line that is no item of a list begins nowhere.
    group: Option<(Option<usize>, String)>,
}

impl Reader {
    fn section(&mut self) -> &mut Section {
        let sections = &mut self.document.sections;
        let last = sections.len().saturating_sub(1);
        if sections.is_empty() {
            sections.push(Section::default());
        }
        &mut sections[last]
    }

    fn heading(&mut self, line: &str) {
        let Some((level, text)) = heading(line) else { return };
        self.around.retain(|(other, _)| *other < level);
        self.around.push((level, plain(text)));
        self.group = None;
        let path = self.around.iter().map(|(_, heading)| Label::from(heading.clone())).collect();
        self.document.sections.push(Section { path, ..Section::default() });
    }

    fn table(&mut self, header: &str, rows: &[&str], first_line: usize) {
        let rows = rows.iter().zip(first_line..).map(|(row, line)| Row::new(line, cells(row)));
        let rows = rows.filter(|row| !row.label.is_seed).collect();
        let section = self.section();
        let heading = section.heading().to_owned();
        let headers = cells(header).into_iter().map(Label::from).collect();
        section.tables.push(Table { heading, headers, rows });
    }

    fn line(&mut self, line: &str, number: usize) {
        if line.trim().is_empty() {
            return;
        }
        let item = item(line);
        let text = plain(item.map_or(line, |(_, text)| text));
        let belongs = |begins: &Option<usize>| match (begins, item) {
            (Some(begins), Some((begin, _))) => begin > *begins,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        self.group = self.group.take().filter(|(begins, _)| belongs(begins));
        let group = self.group.as_ref().map(|(_, group)| group.clone()).unwrap_or_default();
        if let Some(introduced) = text.strip_suffix(':') {
            self.group = Some((item.map(|(begin, _)| begin), introduced.to_owned()));
        }
        self.section().lines.push(Line { number, group, text });
    }
}

/// How many lines the front matter takes.
fn front_matter(lines: &[&str]) -> usize {
    if lines.first().is_none_or(|line| line.trim_end() != "---") {
        return 0;
    }
    lines.iter().skip(1).position(|line| line.trim_end() == "---").map_or(0, |end| end + 2)
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    ((1..=6).contains(&level) && text.starts_with(' ')).then(|| (level, text.trim()))
}

/// An item of a list: where it begins, and its text.
fn item(line: &str) -> Option<(usize, &str)> {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let unnumbered = text.trim_start_matches(|character: char| character.is_ascii_digit());
    let after = text
        .strip_prefix(['-', '*', '+'])
        .or_else(|| unnumbered.strip_prefix('.').filter(|_| unnumbered.len() < text.len()))?;
    after.starts_with(' ').then(|| (indent, after.trim()))
}

fn is_row(line: &str) -> bool {
    line.starts_with('|')
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    is_row(line) && line.contains('-') && line.chars().all(|character| "|-: ".contains(character))
}

fn cells(row: &str) -> Vec<String> {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let row = row.strip_suffix('|').unwrap_or(row);
    // A bar that is escaped belongs to the text.
    row.replace("\\|", "\u{0}").split('|').map(|cell| plain(&cell.replace('\u{0}', "|"))).collect()
}

/// A text without its markup.
fn plain(text: &str) -> String {
    text.replace(['*', '`', '\\'], "")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace('\u{a0}', " ")
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "---\ntitle: x\n---\nbefore\n# One\n```\n| no | table |\n|---|---|\n```\n## Two (2)\n\n\
        | **Metric** | A \\| B |\n| --- | --- |\n| `P50` | \\<5ms |\n| P95 |\nafter:\n\n\
        - **Key**: 1-2\n- Nodes:\n  - 3 of them\n- last\n# Three\n";

    #[test]
    fn sections_know_what_is_around_them() {
        let document = read(TEXT);
        let path =
            |section: &Section| section.path.iter().map(|heading| heading.text.clone()).collect::<Vec<_>>().join(" / ");
        assert_eq!(document.sections.iter().map(path).collect::<Vec<_>>(), ["", "One", "One / Two (2)", "Three"]);
        assert_eq!(document.below("one").count(), 2);
        assert!(document.below("two").all(|section| section.heading() == "Two (2)"));
    }

    #[test]
    fn tables_have_lines_and_no_markup() {
        let document = read(TEXT);
        let table = document.tables("two").next().unwrap();
        assert_eq!(table.headers.iter().map(|header| header.text.as_str()).collect::<Vec<_>>(), ["Metric", "A | B"]);
        let rows: Vec<(usize, &[String])> = table.rows.iter().map(|row| (row.line, row.cells.as_slice())).collect();
        assert_eq!(rows[0].0, 14);
        assert_eq!(rows[0].1, ["P50", "<5ms"]);
        assert_eq!(rows[1].1, ["P95"]);
        assert_eq!(document.tables("one").count(), 1);
    }

    #[test]
    fn lines_know_what_introduces_them() {
        let document = read(TEXT);
        let lines: Vec<(usize, &str, &str)> =
            document.lines("two").map(|line| (line.number, line.group.as_str(), line.text.as_str())).collect();
        let expected = [
            (16, "", "after:"),
            (18, "after", "Key: 1-2"),
            (19, "after", "Nodes:"),
            (20, "Nodes", "3 of them"),
            (21, "", "last"),
        ];
        assert_eq!(lines, expected);
        assert_eq!(document.lines("two").find_map(|line| line.value("key")), Some("1-2"));
    }
}
