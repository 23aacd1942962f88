//! The text of an element as one line, or as the lines of a listing.

use scraper::Node;

use super::skip::Rules;
use super::{Tree, is_block};
use crate::parse::writer::squeeze;

/// The text of a node as one line.
pub(super) fn inline_text(node: Tree<'_>, skip: Rules) -> String {
    let mut text = String::new();
    gather(node, skip, " ", &mut text);
    squeeze(&text)
}

/// The text of a `dt`; terms on lines of their own are alternatives (`-a`, `--data-only`).
pub(super) fn term_text(node: Tree<'_>, skip: Rules) -> String {
    let mut text = String::new();
    gather(node, skip, ", ", &mut text);
    squeeze(&text).replace(" ,", ",").trim_end_matches([',', ':', ' ']).to_owned()
}

/// Collects text without recursion; `line_break` stands for `br`.
pub(super) fn gather(node: Tree<'_>, skip: Rules, line_break: &str, text: &mut String) {
    let mut next = node.first_child();
    while let Some(current) = next {
        let mut enter = false;
        match current.value() {
            Node::Text(part) => text.push_str(part),
            Node::Element(element) if skip.leaves_out(element, current) => {}
            Node::Element(element) => match element.name() {
                "br" => text.push_str(line_break),
                "sup" => {
                    let raised = superscript(current, skip, text);
                    text.push_str(&raised);
                }
                name => {
                    if is_block(name) {
                        text.push(' ');
                    }
                    enter = true;
                }
            },
            _ => {}
        }
        next = if enter { current.first_child() } else { None };
        let mut up = current;
        while next.is_none() {
            if let Some(sibling) = up.next_sibling() {
                next = Some(sibling);
                break;
            }
            match up.parent() {
                Some(parent) if parent.id() != node.id() => up = parent,
                _ => return,
            }
        }
    }
}

/// Code keeps its lines.
pub(super) fn code_text(node: Tree<'_>) -> String {
    let mut text = String::new();
    for descendant in node.descendants() {
        match descendant.value() {
            Node::Text(part) => text.push_str(part),
            Node::Element(element) if element.name() == "br" => text.push('\n'),
            _ => {}
        }
    }
    text
}

/// `2<sup>32</sup>` must not become 232. References to footnotes are left out.
pub(super) fn superscript(node: Tree<'_>, skip: Rules, before: &str) -> String {
    let footnote = node.descendants().chain(node.ancestors().take(2)).any(|near| {
        near.value()
            .as_element()
            .is_some_and(|element| element.name() == "a" && element.attr("href").is_some_and(|href| href.contains('#')))
    });
    if footnote {
        return String::new();
    }
    let mut text = String::new();
    gather_shallow(node, skip, &mut text);
    let raised = text.trim();
    let numeric = !raised.is_empty() && raised.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '+'));
    if numeric && before.ends_with(|c: char| c.is_alphanumeric() || c == ')') {
        raised.chars().map(raise).collect()
    } else {
        text
    }
}

/// Text of a `sup` that holds no further `sup` worth handling.
fn gather_shallow(node: Tree<'_>, skip: Rules, text: &mut String) {
    for descendant in node.descendants().skip(1) {
        match descendant.value() {
            Node::Text(part) => text.push_str(part),
            Node::Element(element) if skip.leaves_out(element, descendant) => return,
            _ => {}
        }
    }
}

fn raise(c: char) -> char {
    match c {
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        '9' => '⁹',
        '-' => '⁻',
        '+' => '⁺',
        other => other,
    }
}
