//! What of a page is not its content.

use scraper::node::Element;

use super::Tree;

/// How much is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// Only what a browser does not show as text.
    Hidden,
    /// Also navigation, menus, tables of contents and the like.
    Chrome,
}

const CLASSES: &[&str] = &[
    "navheader",
    "navfooter",
    "nav",
    "navbar",
    "navigation",
    "navbox",
    "nav-links",
    "toc",
    "table-of-contents",
    "list-of-tables",
    "list-of-figures",
    "list-of-examples",
    "breadcrumb",
    "breadcrumbs",
    "sidebar",
    "sphinxsidebar",
    "wy-nav-side",
    "menu",
    "site-nav",
    "site-footer",
    "page-footer",
    "footer",
    "skip-link",
    "sr-only",
    "cookie-banner",
    "cookie-consent",
    "mw-editsection",
];
const IDS: &[&str] = &[
    "toc",
    "table-of-contents",
    "sidebar",
    "nav",
    "navbar",
    "navigation",
    "menu",
    "breadcrumb",
    "breadcrumbs",
    "footer",
    "mw-navigation",
    "cookie-banner",
];
/// Marks beside headings and lines that browsers show, but that belong to no sentence.
const MARKS: &[&str] = &["headerlink", "id_link", "anchor-link", "permalink", "linenos", "lineno"];

impl Rules {
    /// Whether an element and everything in it is left out.
    pub(super) fn leaves_out(self, element: &Element, node: Tree<'_>) -> bool {
        let name = element.name();
        let invisible = matches!(
            name,
            "head"
                | "script"
                | "style"
                | "noscript"
                | "template"
                | "svg"
                | "canvas"
                | "iframe"
                | "object"
                | "embed"
                | "audio"
                | "video"
                | "select"
                | "button"
                | "textarea"
                | "input"
                | "datalist"
                | "progress"
                | "meter"
        );
        if invisible || element.attr("hidden").is_some() || element.attr("aria-hidden") == Some("true") {
            return true;
        }
        if element.attr("style").is_some_and(|style| style.replace(' ', "").contains("display:none")) {
            return true;
        }
        if element.classes().any(|class| MARKS.contains(&class)) {
            return true;
        }
        // A table of contents that is the page's only text is kept by the second attempt.
        self == Self::Chrome && is_chrome(name, element, node)
    }
}

fn is_chrome(name: &str, element: &Element, node: Tree<'_>) -> bool {
    // Themes put words such as "sidebar" on these to say what else is on the page.
    if matches!(name, "html" | "body" | "main" | "article") {
        return false;
    }
    if matches!(name, "nav" | "footer") {
        return true;
    }
    let role = element.attr("role").unwrap_or_default();
    if matches!(role, "navigation" | "search" | "menu" | "menubar" | "contentinfo") {
        return true;
    }
    if name == "header" || role == "banner" {
        return !has_heading(node) && !within_article(node);
    }
    element.classes().any(|class| CLASSES.iter().any(|known| class.eq_ignore_ascii_case(known)))
        || element.id().is_some_and(|id| IDS.iter().any(|known| id.eq_ignore_ascii_case(known)))
}

fn has_heading(node: Tree<'_>) -> bool {
    node.descendants()
        .filter_map(|descendant| descendant.value().as_element())
        .any(|element| matches!(element.name(), "h1" | "h2" | "h3"))
}

fn within_article(node: Tree<'_>) -> bool {
    node.ancestors()
        .filter_map(|ancestor| ancestor.value().as_element())
        .any(|element| matches!(element.name(), "article" | "main" | "section"))
}
