//! HTML pages.

use crate::samples::{blocks, read, read_small};
use knowledge::parse::{Format, ParseError};

#[test]
fn a_page_is_its_content() {
    let page = r##"<!DOCTYPE html><html><head><title>Leave  policy</title><style>p{}</style></head><body>
        <header><nav><a href="/">Home</a></nav></header><div class="breadcrumb">A &gt; B</div>
        <main><h1>Leave policy<a class="headerlink" href="#x">¶</a></h1>
        <p>You have <b>27</b> days&nbsp;a year &mdash; 2<sup>32</sup> seconds.<sup><a href="#fn1">1</a></sup></p>
        <ul><li>Ask <em>early</em>.<p>In writing.</p></li><li>Tell us.<ul><li>By mail</li></ul></li></ul>
        <ol start="3"><li>Third</li><li>Fourth</li></ol>
        <pre>a  = 1
  b = 2
</pre><div class="note"><h3>Note</h3><p>Part-timers have fewer.</p></div>
        <p style="display: none">secret</p><p hidden>secret</p><script>alert(1)</script></main>
        <div id="sidebar">Related</div><footer>Imprint</footer></body></html>"##;
    let parsed = read(page.as_bytes(), "leave.html");
    assert_eq!(parsed.title.as_deref(), Some("Leave policy"));
    assert_eq!(
        blocks(&parsed),
        [
            "H1 Leave policy",
            "P You have 27 days a year — 2³² seconds.",
            "L Ask early.",
            "P In writing.",
            "L Tell us.",
            "L By mail",
            "L 3. Third",
            "L 4. Fourth",
            "C a  = 1\n  b = 2",
            "P Note: Part-timers have fewer.",
        ]
    );
}

#[test]
fn docbook_definitions_lead_with_their_term() {
    let page = r#"<html><head><title>Memory</title></head><body><div class="navheader">Prev Next</div>
        <div class="refnamediv"><h2>pg_dump</h2><p>pg_dump — extract a database</p></div>
        <div class="toc"><dl class="toc"><dt>1. Memory</dt></dl></div>
        <dl class="variablelist"><dt><span class="term"><code class="varname">work_mem</code> (<code>integer</code>)
            <a id="x" class="indexterm"></a></span></dt><dd><p>
            Sets the base maximum
            amount of memory.
        </p><p>More about it.</p></dd>
        <dt><span class="term"><code>-a</code><br /></span><span class="term"><code>--data-only</code></span></dt>
        <dd><p>Dump only the data.</p></dd><dt>syntax</dt><dd><pre class="programlisting">SELECT 1;</pre></dd></dl>
        <div class="navfooter">Next</div></body></html>"#;
    assert_eq!(
        blocks(&read(page.as_bytes(), "memory.html")),
        [
            "H2 pg_dump",
            "P pg_dump — extract a database",
            "L work_mem (integer): Sets the base maximum amount of memory.",
            "P More about it.",
            "L -a, --data-only: Dump only the data.",
            "L syntax",
            "C SELECT 1;",
        ]
    );
}

#[test]
fn tables_become_rows_that_explain_themselves() {
    let page = r#"<html><body><table><caption>Load</caption>
        <tr><th rowspan="2">Users</th><th colspan="2">Latency</th></tr><tr><th>P50</th><th>P95</th></tr>
        <tr><td>100</td><td>210 ms</td><td>520 ms</td></tr>
        <tr><td colspan="3">Above capacity</td></tr>
        <tr><td rowspan="2">500</td><td></td><td>900 ms.</td></tr><tr><td>1 s.</td><td>2 s</td></tr></table>
        <table><tr><td>Phone</td><td>4412</td></tr><tr><td>Room</td><td>Anvil</td></tr></table>
        <table><tr><th>Owner</th><td>Hanne</td></tr></table>
        <table><tr><td><h2>Layout</h2><p>Not a row.</p></td></tr></table>
        <table><thead><tr><th><p class="func_signature">Function</p><p>Description</p></th></tr></thead>
        <tr><td><p class="func_signature">lower ( text ) → text</p><p>Converts to lower case.</p><p>lower('A') → a</p></td></tr></table>
        </body></html>"#;
    assert_eq!(
        blocks(&read(page.as_bytes(), "a.html")),
        [
            "P Load",
            "T Users: 100; Latency P50: 210 ms; Latency P95: 520 ms",
            "T Above capacity",
            "T Users: 500; Latency P95: 900 ms.",
            "T Users: 500; Latency P50: 1 s; Latency P95: 2 s",
            "T Phone | 4412",
            "T Room | Anvil",
            "T Owner: Hanne",
            "H2 Layout",
            "P Not a row.",
            "T lower ( text ) → text: Converts to lower case. lower('A') → a",
        ]
    );
}

#[test]
fn a_page_that_is_all_menu_by_its_class_names_is_still_read() {
    let page = b"<html><body><div class=\"menu\"><p>The canteen serves soup.</p></div></body></html>";
    assert_eq!(blocks(&read(page, "a.html")), ["P The canteen serves soup."]);
    let scripted = b"<html><body><div id=\"root\"></div><script>render()</script></body></html>";
    assert!(matches!(read_small(Format::Html, scripted), Err(ParseError::NoText { .. })));
}

#[test]
fn deep_nesting_is_read_or_refused_but_never_overflows() {
    let nest = |depth: usize| format!("{}deep{}", "<div>".repeat(depth), "</div>".repeat(depth));
    assert_eq!(blocks(&read(nest(1_000).as_bytes(), "a.html")), ["P deep"]);
    assert!(read_small(Format::Html, nest(100_000).as_bytes()).is_err());
    let reopened: String =
        (0..1_500).map(|n| format!("<font size={n}>")).chain((0..50_000).map(|_| "<p>x</p>".to_owned())).collect();
    assert!(read_small(Format::Html, reopened.as_bytes()).is_err());
}
