//! Tables of a page: lines with wide gaps at the same places.

use super::layout::Line;

/// How many of the lines belong to one table: two rows with two cells or more, and lines that continue cells of the row
/// above. `is_row` says that a line with several cells is no list item or heading.
pub(super) fn rows(lines: &[Line], is_row: impl Fn(&Line) -> bool) -> usize {
    let Some(first) = lines.first().filter(|line| line.cells.len() > 1 && is_row(line)) else {
        return 0;
    };
    let mut found = 1;
    let mut count = 1;
    for (above, line) in lines.iter().zip(&lines[1..]) {
        let fall = above.y - line.y;
        let near = fall > 0.0 && fall < line.size * 4.0;
        // Text that begins where a column begins, but not the first, continues a cell.
        let continues = fall < line.size * 1.8
            && line.x > first.x + line.size
            && first.spans.iter().skip(1).any(|(start, _)| (line.x - start).abs() < line.size * 0.5);
        let row = line.cells.len() > 1 && is_row(line);
        if !near || !(row || continues) {
            break;
        }
        found += usize::from(row && !continues);
        count += 1;
    }
    if found > 1 { count } else { 0 }
}

/// The cells of the rows, each in its column. Rows that do not fit the columns keep their cells side by side.
pub(super) fn cells(lines: &[Line], leading: f32) -> Vec<Vec<String>> {
    let width = lines.iter().map(|line| line.cells.len()).max().unwrap_or(0);
    let mut columns: Vec<(f32, f32)> = vec![(f32::MAX, f32::MIN); width];
    for line in lines.iter().filter(|line| line.cells.len() == width) {
        for (column, (start, end)) in columns.iter_mut().zip(&line.spans) {
            *column = (column.0.min(*start), column.1.max(*end));
        }
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut above: Option<&Line> = None;
    for line in lines {
        let row = place(line, &columns).unwrap_or_else(|| line.cells.clone());
        let close = above.is_some_and(|above| above.y - line.y <= line.size * leading.max(1.2) * 1.3);
        match rows.last_mut() {
            // Nothing in the first column right below a row: its cells go on.
            Some(last) if close && row[0].is_empty() && last.len() == row.len() => {
                for (cell, more) in last.iter_mut().zip(row).filter(|(_, more)| !more.is_empty()) {
                    if !cell.is_empty() {
                        cell.push(' ');
                    }
                    cell.push_str(&more);
                }
            }
            _ => rows.push(row),
        }
        above = Some(line);
    }
    rows
}

/// The cells of a line by column; `None` when two fall into one.
fn place(line: &Line, columns: &[(f32, f32)]) -> Option<Vec<String>> {
    let mut row = vec![String::new(); columns.len()];
    let mut next = 0;
    for (cell, (start, end)) in line.cells.iter().zip(&line.spans) {
        let distance =
            |column: &(f32, f32)| (start - column.1).max(column.0 - end).max(0.0) + (start - column.0).abs() * 0.01;
        let (at, _) =
            columns.iter().enumerate().skip(next).min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b)))?;
        row[at].clone_from(cell);
        next = at + 1;
    }
    Some(row)
}
