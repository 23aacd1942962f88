//! Tables: cells in a grid, with spans resolved, and the names of the columns.

use std::collections::VecDeque;

use scraper::Node;

use super::inline::{gather, inline_text};
use super::skip::Rules;
use super::{Tree, is_block};
use crate::parse::writer::squeeze;

/// What the HTML standard allows for `colspan`, and more columns than a reader follows.
const MAX_COLUMNS: usize = 1_000;
/// Rows that one cell may reach into.
const MAX_ROWSPAN: usize = 10_000;

/// A table's content.
pub(super) struct Grid {
    pub(super) caption: Option<String>,
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

struct Cell {
    text: String,
    header: bool,
    columns: usize,
    rows: usize,
}

/// Tables that only arrange the page: others inside, or one column of blocks without a header.
pub(super) fn is_layout(table: Tree<'_>) -> bool {
    let mut elements = table.descendants().skip(1).filter_map(|node| Some((node, node.value().as_element()?)));
    if elements.any(|(_, element)| element.name() == "table") {
        return true;
    }
    let rows = rows(table);
    let single = rows.iter().all(|(row, _)| cells_of(*row).count() <= 1);
    single && rows.iter().flat_map(|(row, _)| cells_of(*row)).all(|cell| name(cell) == "td" && has_block(cell))
}

/// The cells of a layout table, in order; cells of tables inside belong to those.
pub(super) fn layout_cells(table: Tree<'_>, skip: Rules) -> Vec<Tree<'_>> {
    rows(table)
        .into_iter()
        .flat_map(|(row, _)| cells_of(row))
        .filter(|cell| cell.value().as_element().is_some_and(|element| !skip.leaves_out(element, *cell)))
        .collect()
}

/// The cells of a data table.
pub(super) fn grid(table: Tree<'_>, skip: Rules) -> Grid {
    let caption = table
        .children()
        .find(|child| name(*child) == "caption")
        .map(|caption| inline_text(caption, skip))
        .filter(|caption| !caption.is_empty());
    let mut header: Vec<String> = Vec::new();
    let mut body: Vec<Vec<String>> = Vec::new();
    let mut spans: Vec<(usize, String)> = Vec::new();
    for (row, in_head) in rows(table) {
        let cells: Vec<Cell> = cells_of(row).map(|cell| read_cell(cell, skip)).collect();
        let names = in_head || (body.is_empty() && !cells.is_empty() && cells.iter().all(|cell| cell.header));
        let labelled = !names && header.is_empty() && cells.len() > 1 && cells[0].header && !cells[1].header;
        let mut line = place(cells, &mut spans, names);
        if names {
            merge_header(&mut header, line);
        } else {
            if labelled {
                label_first(&mut line);
            }
            body.push(line);
        }
    }
    if body.is_empty() {
        // All header and no body: the names are the content.
        body.extend((!header.is_empty()).then(|| std::mem::take(&mut header)));
    }
    if header.len() < 2 {
        header.clear();
    }
    Grid { caption, header, rows: body }
}

/// Rows with whether they stand in `thead`.
fn rows(table: Tree<'_>) -> Vec<(Tree<'_>, bool)> {
    let mut found = Vec::new();
    for part in table.children() {
        match name(part) {
            "tr" => found.push((part, false)),
            section @ ("thead" | "tbody" | "tfoot") => {
                let rows = part.children().filter(|row| name(*row) == "tr");
                found.extend(rows.map(|row| (row, section == "thead")));
            }
            _ => {}
        }
    }
    found
}

fn cells_of(row: Tree<'_>) -> impl Iterator<Item = Tree<'_>> {
    row.children().filter(|cell| matches!(name(*cell), "td" | "th"))
}

fn name(node: Tree<'_>) -> &str {
    node.value().as_element().map_or("", |element| element.name())
}

fn read_cell(cell: Tree<'_>, skip: Rules) -> Cell {
    let span = |key: &str, max: usize| {
        let value = cell.value().as_element().and_then(|element| element.attr(key));
        value.and_then(|value| value.trim().parse::<usize>().ok()).unwrap_or(1).clamp(1, max)
    };
    Cell {
        text: cell_text(cell, skip),
        header: name(cell) == "th",
        columns: span("colspan", MAX_COLUMNS),
        rows: span("rowspan", MAX_ROWSPAN),
    }
}

/// Puts the cells of a row into columns. A name over several columns names each; a value stands in its first only.
fn place(cells: Vec<Cell>, spans: &mut Vec<(usize, String)>, names: bool) -> Vec<String> {
    let mut cells = VecDeque::from(cells);
    let mut line: Vec<String> = Vec::new();
    while line.len() < MAX_COLUMNS {
        let column = line.len();
        if let Some((left, text)) = spans.get_mut(column).filter(|(left, _)| *left > 0) {
            *left -= 1;
            line.push(text.clone());
            continue;
        }
        let Some(cell) = cells.pop_front() else {
            if spans.iter().skip(column).all(|(left, _)| *left == 0) {
                break;
            }
            line.push(String::new());
            continue;
        };
        for offset in 0..cell.columns.min(MAX_COLUMNS - column) {
            let text = if offset == 0 || names { cell.text.clone() } else { String::new() };
            if spans.len() <= column + offset {
                spans.resize(column + offset + 1, (0, String::new()));
            }
            spans[column + offset] = (cell.rows - 1, text.clone());
            line.push(text);
        }
    }
    line
}

/// Several header rows make one name a column: `Latency` over `P95` is `Latency P95`.
fn merge_header(header: &mut Vec<String>, line: Vec<String>) {
    for (column, name) in line.into_iter().enumerate() {
        match header.get_mut(column) {
            None => header.push(name),
            Some(above) if name.is_empty() || *above == name => {}
            Some(above) if above.is_empty() => *above = name,
            Some(above) => {
                above.push(' ');
                above.push_str(&name);
            }
        }
    }
}

/// Rows that begin with a header cell, in a table without a header row: `name: value`.
fn label_first(line: &mut Vec<String>) {
    if line.len() > 1 && !line[0].is_empty() {
        let label = line.remove(0);
        line[0] = format!("{}: {}", label.trim_end_matches(':'), line[0]);
    }
}

fn has_block(cell: Tree<'_>) -> bool {
    cell.descendants().skip(1).any(|node| {
        let name = name(node);
        is_block(name) || matches!(name, "ul" | "ol" | "dl" | "pre") || name.len() == 2 && name.starts_with('h')
    })
}

/// The text of a cell. Its blocks become sentences and parts; a signature introduces what follows it.
fn cell_text(cell: Tree<'_>, skip: Rules) -> String {
    let mut text = String::new();
    let mut after_signature = false;
    for (part, signature) in pieces(cell, skip) {
        if !text.is_empty() {
            if after_signature && !signature {
                text.push_str(": ");
            } else if text.ends_with(['.', ':', ';', ',', '!', '?', '—', '→']) || text.ends_with(".)") {
                text.push(' ');
            } else {
                text.push_str("; ");
            }
        }
        text.push_str(&part);
        after_signature = signature;
    }
    text
}

/// The runs of text between the block boundaries of a cell, and whether each is a signature or a column definition.
fn pieces(cell: Tree<'_>, skip: Rules) -> Vec<(String, bool)> {
    if !has_block(cell) {
        return vec![(inline_text(cell, skip), false)];
    }
    let mut found = Vec::new();
    let mut run = String::new();
    let mut end = |run: &mut String, signature: bool| {
        let text = squeeze(&std::mem::take(run));
        if !text.is_empty() {
            found.push((text, signature));
        }
    };
    for child in cell.children() {
        match child.value() {
            Node::Text(text) => run.push_str(text),
            Node::Element(element) if skip.leaves_out(element, child) => {}
            Node::Element(element)
                if is_block(element.name()) || matches!(element.name(), "ul" | "ol" | "dl" | "pre") =>
            {
                end(&mut run, false);
                if matches!(element.name(), "ul" | "ol" | "dl" | "div") {
                    for item in child.children() {
                        match item.value() {
                            Node::Text(text) => run.push_str(text),
                            _ => run.push_str(&inline_text(item, skip)),
                        }
                        if element.name() != "div" || is_block(name(item)) {
                            end(&mut run, false);
                        }
                    }
                    end(&mut run, false);
                } else {
                    let signature =
                        element.classes().any(|class| matches!(class, "func_signature" | "column_definition"));
                    run.push_str(&inline_text(child, skip));
                    end(&mut run, signature);
                }
            }
            Node::Element(element) if element.name() == "br" => run.push(' '),
            Node::Element(_) => run.push_str(&inline_spaced(child, skip)),
            _ => {}
        }
    }
    end(&mut run, false);
    found
}

/// Inline text that keeps a space at its ends, where the source has one.
fn inline_spaced(node: Tree<'_>, skip: Rules) -> String {
    let mut text = String::new();
    gather(node, skip, " ", &mut text);
    text
}
