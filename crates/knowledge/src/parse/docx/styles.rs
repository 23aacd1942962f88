//! What the styles of a Word document mean: which are headings, titles, lists or tables of contents.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::{attribute, next};
use crate::parse::ParseError;

/// The role of a paragraph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Title,
    Heading(u8),
    List,
    /// An entry of a table of contents, an index and the like.
    Contents,
    Body,
}

#[derive(Debug, Default)]
struct Style {
    role: Option<Role>,
    parent: Option<String>,
}

/// The styles by their id.
#[derive(Debug, Default)]
pub(super) struct Styles(HashMap<String, Style>);

impl Styles {
    /// The role of a style, its own or that of the style it is based on.
    pub(super) fn role(&self, id: &str) -> Role {
        let mut current = id;
        // A chain of styles that refers to itself ends here.
        for _ in 0..16 {
            let Some(style) = self.0.get(current) else { break };
            if let Some(role) = style.role {
                return role;
            }
            match &style.parent {
                Some(parent) => current = parent,
                None => break,
            }
        }
        by_name(id).unwrap_or(Role::Body)
    }
}

/// The built-in names are English whatever the language of the program; ids are translated.
fn by_name(name: &str) -> Option<Role> {
    let name: String = name.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    if let Some(level) = name.strip_prefix("heading").and_then(|level| level.parse::<u8>().ok()) {
        return (1..=9).contains(&level).then(|| Role::Heading(level.min(6)));
    }
    if name == "title" {
        return Some(Role::Title);
    }
    if name.starts_with("toc") || name.starts_with("tableoffigures") || name.starts_with("index") {
        return Some(Role::Contents);
    }
    name.starts_with("list").then_some(Role::List)
}

pub(super) fn read(source: &str) -> Result<Styles, ParseError> {
    let mut reader = Reader::from_str(source);
    let mut styles = Styles::default();
    let mut current: Option<(String, Style)> = None;
    loop {
        let event = next(&mut reader, "word/styles.xml")?;
        match &event {
            Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
                "style" => current = attribute(tag, "styleId").map(|id| (id, Style::default())),
                name => {
                    if let Some((_, style)) = &mut current {
                        property(style, name, attribute(tag, "val"));
                    }
                }
            },
            Event::End(tag) if tag.local_name().as_ref() == "style" => {
                if let Some((id, style)) = current.take() {
                    styles.0.insert(id, style);
                }
            }
            Event::Eof => return Ok(styles),
            _ => {}
        }
    }
}

fn property(style: &mut Style, name: &str, value: Option<String>) {
    match name {
        "name" => style.role = value.as_deref().and_then(by_name),
        "basedOn" => style.parent = value,
        "outlineLvl" if style.role.is_none() => {
            let level = value.and_then(|level| level.parse::<u8>().ok()).filter(|level| *level < 9);
            style.role = level.map(|level| Role::Heading((level + 1).min(6)));
        }
        _ => {}
    }
}
