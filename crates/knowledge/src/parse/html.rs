//! HTML: the content of a page without its navigation, as headings, paragraphs, list items, tables and code.

mod guard;
mod inline;
mod skip;
mod table;

use scraper::node::Element;
use scraper::{ElementRef, Html, Node};

use self::inline::{code_text, inline_text, superscript, term_text};

use super::writer::{Writer, squeeze};
use super::{BlockKind, Limits, ParseError, Parsed, decode};

/// A node with its place in the tree: scraper shows the type only as what an element dereferences to.
type Tree<'t> = <ElementRef<'t> as std::ops::Deref>::Target;

/// Below this depth everything is running text: real pages stay far above, and the walk uses the stack.
const MAX_DEPTH: usize = 192;

pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Parsed, ParseError> {
    let source = decode::decode(bytes, declared_encoding(bytes).as_deref())?;
    let tree = parse_tree(&source)?;
    let title = document_title(&tree);
    let extract = |skip| {
        let mut walker = Walker { out: Writer::new(limits), skip };
        walker.children(*tree.root_element(), 0)?;
        walker.out.finish(title.as_deref(), "the page shows only images or is filled by a script")
    };
    match extract(skip::Rules::Chrome) {
        // A page that is all menu by its class names is content after all.
        Err(ParseError::NoText { .. }) => extract(skip::Rules::Hidden),
        result => result,
    }
}

/// Writes the blocks of an HTML fragment, such as one inside Markdown.
pub(super) fn append_fragment(out: &mut Writer<'_>, fragment: &str) -> Result<(), ParseError> {
    let tree = parse_tree(fragment)?;
    let limits = out.limits();
    let mut walker = Walker { out: std::mem::replace(out, Writer::new(limits)), skip: skip::Rules::Hidden };
    let result = walker.children(*tree.root_element(), 0).and_then(|()| walker.out.flush());
    *out = walker.out;
    result
}

fn parse_tree(source: &str) -> Result<Html, ParseError> {
    guard::check(source)?;
    // In XHTML this is an empty title; an HTML parser would take the whole page for the title.
    if source.contains("<title/>") {
        Ok(Html::parse_document(&source.replace("<title/>", "")))
    } else {
        Ok(Html::parse_document(source))
    }
}

/// The `charset` or `encoding` that the first bytes name.
fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2048)]).to_ascii_lowercase();
    let after = ["charset=", "encoding="].iter().find_map(|key| {
        let at = head.find(key)?;
        Some(&head[at + key.len()..])
    })?;
    let label: String = after
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'))
        .collect();
    (!label.is_empty()).then_some(label)
}

fn document_title(tree: &Html) -> Option<String> {
    let named = |name: &str| {
        tree.tree.root().descendants().filter_map(ElementRef::wrap).find(|element| element.value().name() == name)
    };
    let title = named("title").map(|element| squeeze(&element.text().collect::<String>()));
    title
        .filter(|title| !title.is_empty())
        .or_else(|| named("h1").map(|element| inline_text(*element, skip::Rules::Hidden)))
        .filter(|title| !title.is_empty())
}

struct Walker<'l> {
    out: Writer<'l>,
    skip: skip::Rules,
}

impl Walker<'_> {
    fn children(&mut self, node: Tree<'_>, depth: usize) -> Result<(), ParseError> {
        for child in node.children() {
            self.node(child, depth)?;
        }
        Ok(())
    }

    fn node(&mut self, node: Tree<'_>, depth: usize) -> Result<(), ParseError> {
        match node.value() {
            Node::Text(text) => self.out.inline(text),
            Node::Element(element) if self.skip.leaves_out(element, node) => {}
            Node::Element(_) if depth > MAX_DEPTH => {
                let text = inline_text(node, self.skip);
                self.out.inline(" ");
                self.out.inline(&text);
            }
            Node::Element(element) => self.element(node, element, depth + 1)?,
            _ => {}
        }
        Ok(())
    }

    fn element(&mut self, node: Tree<'_>, element: &Element, depth: usize) -> Result<(), ParseError> {
        match element.name() {
            "br" => self.out.inline(" "),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let level = element.name().as_bytes()[1] - b'0';
                self.out.block(BlockKind::Heading(level), &inline_text(node, self.skip))?;
            }
            "pre" | "listing" | "xmp" => self.out.block(BlockKind::Code, &code_text(node))?,
            "ul" | "ol" | "menu" | "dir" => self.list(node, element, depth)?,
            "dl" => self.definitions(node, depth)?,
            "table" => self.table(node, depth)?,
            "sup" => self.out.inline(&superscript(node, self.skip, self.out.run())),
            "q" => {
                self.out.inline("“");
                self.children(node, depth)?;
                self.out.inline("”");
            }
            "div" | "aside" | "section" | "blockquote" if admonition(element).is_some() => {
                self.admonition(node, admonition(element).unwrap_or_default(), depth)?;
            }
            // Lines that are set one below the other on purpose.
            "p" | "div" if element.classes().any(|class| class == "literallayout") => {
                // The source has a line end after each break.
                self.out.block(BlockKind::Code, &code_text(node).replace("\n\n", "\n"))?;
            }
            name if is_block(name) => {
                self.out.flush()?;
                self.children(node, depth)?;
                self.out.flush()?;
            }
            _ => self.children(node, depth)?,
        }
        Ok(())
    }

    /// Each item begins a block; the numbers of ordered lists are content that readers refer to.
    fn list(&mut self, node: Tree<'_>, element: &Element, depth: usize) -> Result<(), ParseError> {
        self.out.flush()?;
        let ordered = element.name() == "ol";
        let mut number: i64 = element.attr("start").and_then(|start| start.parse().ok()).unwrap_or(1);
        for child in node.children() {
            let Some(item) = child.value().as_element().filter(|item| item.name() == "li") else {
                self.node(child, depth)?;
                continue;
            };
            if self.skip.leaves_out(item, child) {
                continue;
            }
            if let Some(value) = item.attr("value").and_then(|value| value.parse().ok()) {
                number = value;
            }
            let marker = if ordered { format!("{number}. ") } else { String::new() };
            number = number.saturating_add(1);
            self.out.lead(BlockKind::ListItem, marker, String::new())?;
            self.children(child, depth + 1)?;
            self.out.end_lead()?;
        }
        self.out.flush()
    }

    /// `term: first paragraph of the definition`, so that the item says what it is about.
    fn definitions(&mut self, node: Tree<'_>, depth: usize) -> Result<(), ParseError> {
        self.out.flush()?;
        let mut terms: Vec<String> = Vec::new();
        self.definition_parts(node, &mut terms, depth)?;
        self.bare_terms(&mut terms)
    }

    fn definition_parts(&mut self, node: Tree<'_>, terms: &mut Vec<String>, depth: usize) -> Result<(), ParseError> {
        for child in node.children() {
            let Some(element) = child.value().as_element() else { continue };
            if self.skip.leaves_out(element, child) {
                continue;
            }
            match element.name() {
                "dt" => {
                    // Many terms without a definition are an index, not names of one thing.
                    if terms.len() >= 4 {
                        self.bare_terms(terms)?;
                    }
                    terms.push(term_text(child, self.skip));
                }
                "dd" => {
                    let term = std::mem::take(terms).join(", ");
                    if !term.is_empty() {
                        self.out.lead(BlockKind::ListItem, format!("{term}: "), term)?;
                    }
                    self.children(child, depth + 1)?;
                    self.out.end_lead()?;
                }
                "div" if depth < MAX_DEPTH => self.definition_parts(child, terms, depth + 1)?,
                _ => self.node(child, depth)?,
            }
        }
        Ok(())
    }

    fn bare_terms(&mut self, terms: &mut Vec<String>) -> Result<(), ParseError> {
        for term in terms.drain(..) {
            self.out.block(BlockKind::ListItem, &term)?;
        }
        Ok(())
    }

    /// A note's heading is a label of its first paragraph: as a heading it would swallow the text that follows the note.
    fn admonition(&mut self, node: Tree<'_>, default: &str, depth: usize) -> Result<(), ParseError> {
        self.out.flush()?;
        let label_node = node.children().find(|child| {
            child.value().as_element().is_some_and(|element| {
                let title = element.classes().any(|class| matches!(class, "title" | "admonition-title"));
                title || matches!(element.name(), "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
            })
        });
        let label = label_node.map_or_else(|| default.to_owned(), |label| inline_text(label, self.skip));
        let label = label.trim_end_matches([':', '.']).to_owned();
        self.out.lead(BlockKind::Paragraph, format!("{label}: "), String::new())?;
        for child in node.children() {
            if label_node.is_none_or(|label| label.id() != child.id()) {
                self.node(child, depth)?;
            }
        }
        self.out.end_lead()
    }

    fn table(&mut self, node: Tree<'_>, depth: usize) -> Result<(), ParseError> {
        self.out.flush()?;
        if table::is_layout(node) {
            for cell in table::layout_cells(node, self.skip) {
                self.out.flush()?;
                self.children(cell, depth + 3)?;
            }
            return self.out.flush();
        }
        let grid = table::grid(node, self.skip);
        if let Some(caption) = grid.caption {
            self.out.block(BlockKind::Paragraph, &caption)?;
        }
        super::table::write(&mut self.out, &grid.header, &grid.rows)
    }
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "center"
            | "dd"
            | "details"
            | "dialog"
            | "div"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "header"
            | "hgroup"
            | "hr"
            | "legend"
            | "li"
            | "main"
            | "option"
            | "p"
            | "section"
            | "summary"
            | "caption"
            | "tr"
            | "td"
            | "th"
    )
}

fn admonition(element: &Element) -> Option<&'static str> {
    element.classes().find_map(|class| match class {
        "note" | "admonition" => Some("Note"),
        "tip" | "hint" => Some("Tip"),
        "important" => Some("Important"),
        "warning" => Some("Warning"),
        "caution" => Some("Caution"),
        "danger" => Some("Danger"),
        _ => None,
    })
}
