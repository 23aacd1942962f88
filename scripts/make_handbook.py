#!/usr/bin/env python3
"""Make the PDF and DOCX documents of the sample handbook from HTML sources.

Reads  examples/handbook-src/*.html  (a small subset of HTML: h1-h3, p, ul, ol,
li, table, caption, tr, th, td, pre, b/strong, i/em, code) and writes the
documents listed in DOCUMENTS to examples/handbook/. The other documents in
that folder are written by hand and are not touched.

Needs:  pip install python-docx reportlab
Usage:  python3 scripts/make_handbook.py [--check]

With --check nothing is written; the exit code is 1 if a document is missing or
would come out different. Output is the same byte for byte for the same
sources and the same versions of the two libraries.
"""

import argparse
import datetime
import html
import io
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SOURCES = EXAMPLES / "handbook-src"
TARGET = EXAMPLES / "handbook"
DOCUMENTS = {
    "data-protection-policy": "pdf",
    "expenses-and-travel": "pdf",
    "product-price-list": "docx",
    "working-hours-and-leave": "docx",
}
AUTHOR = "Brackenrow Ltd"
DATE = datetime.datetime(2026, 4, 1, 9, 0, 0)

BLOCKS = {"h1", "h2", "h3", "p", "li", "caption", "td", "th", "pre"}
STYLES = {"b": "b", "strong": "b", "i": "i", "em": "i", "code": "code"}


class Reader(HTMLParser):
    """Turns a source into a list of blocks.

    A block is (kind, runs) for text, with runs a list of (text, styles), or
    ("table", caption, rows) with rows a list of lists of (is_header, runs).
    """

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.title, self.blocks = "", []
        self.lists, self.styles = [], []
        self.kind, self.runs, self.table = None, [], None

    def handle_starttag(self, tag, attrs):
        if tag in ("ul", "ol"):
            self.lists.append(tag)
        elif tag == "table":
            self.table = ("table", [], [])
        elif tag == "tr":
            self.table[2].append([])
        elif tag in STYLES:
            self.styles.append(STYLES[tag])
        elif tag in BLOCKS or tag == "title":
            self.kind, self.runs = tag, []

    def handle_endtag(self, tag):
        if tag in ("ul", "ol"):
            self.lists.pop()
        elif tag == "table":
            self.blocks.append(self.table)
            self.table = None
        elif tag in STYLES:
            self.styles.pop()
        elif tag == self.kind:
            runs, self.kind = self.runs, None
            if tag == "title":
                self.title = plain(runs)
            elif tag == "caption":
                self.table[1].extend(runs)
            elif tag in ("td", "th"):
                self.table[2][-1].append((tag == "th", runs))
            else:
                self.blocks.append((self.lists[-1] if tag == "li" else tag, runs))

    def handle_data(self, data):
        if self.kind is None:
            return
        if self.kind != "pre":
            data = " ".join(data.split("\n"))
        self.runs.append((data, frozenset(self.styles)))


def plain(runs):
    return "".join(text for text, _ in runs)


def read(path):
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    return reader.title, reader.blocks


def make_pdf(title, blocks):
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import mm
    from reportlab.platypus import (
        ListFlowable, ListItem, Paragraph, Preformatted, SimpleDocTemplate,
        Spacer, Table, TableStyle,
    )

    body = ParagraphStyle("p", fontName="Helvetica", fontSize=10.5, leading=15, spaceAfter=6)
    cell = ParagraphStyle("td", parent=body, fontSize=9.5, leading=12, spaceAfter=0)
    head = ParagraphStyle("th", parent=cell, fontName="Helvetica-Bold")
    caption = ParagraphStyle("caption", parent=body, fontName="Helvetica-Oblique",
                             fontSize=9.5, spaceBefore=4, spaceAfter=3, keepWithNext=1)
    code = ParagraphStyle("pre", fontName="Courier", fontSize=9, leading=12, spaceAfter=8)
    headings = {
        name: ParagraphStyle(name, parent=body, fontName="Helvetica-Bold", fontSize=size,
                             leading=size * 1.25, spaceBefore=before, spaceAfter=4, keepWithNext=1)
        for name, size, before in (("h1", 22, 0), ("h2", 15, 14), ("h3", 12, 8))
    }

    class Document(SimpleDocTemplate):
        """Adds a bookmark to the outline for each heading."""

        def afterFlowable(self, flowable):
            name = getattr(getattr(flowable, "style", None), "name", "")
            if name in headings:
                key = "heading-%d" % self.heading_count
                self.heading_count += 1
                self.canv.bookmarkPage(key)
                self.canv.addOutlineEntry(flowable.getPlainText(), key, int(name[1]) - 1)

    def markup(runs):
        out = []
        for text, styles in runs:
            text = html.escape(text, quote=False)
            for style in sorted(styles):
                open_, close = {"b": ("<b>", "</b>"), "i": ("<i>", "</i>"),
                                "code": ('<font face="Courier">', "</font>")}[style]
                text = open_ + text + close
            out.append(text)
        return "".join(out)

    def footer(canvas, document):
        canvas.saveState()
        canvas.setFont("Helvetica", 8.5)
        canvas.setFillColor(colors.HexColor("#555555"))
        canvas.drawString(22 * mm, 12 * mm, "%s - %s" % (AUTHOR, title))
        canvas.drawRightString(A4[0] - 22 * mm, 12 * mm, "Page %d" % document.page)
        canvas.restoreState()

    buffer = io.BytesIO()
    document = Document(buffer, pagesize=A4, leftMargin=22 * mm, rightMargin=22 * mm,
                        topMargin=20 * mm, bottomMargin=22 * mm, title=title, author=AUTHOR,
                        lang="en-GB", invariant=1)
    document.heading_count = 0
    story, index = [], 0
    while index < len(blocks):
        kind = blocks[index][0]
        if kind in ("ul", "ol"):
            items = []
            while index < len(blocks) and blocks[index][0] == kind:
                items.append(ListItem(Paragraph(markup(blocks[index][1]), body)))
                index += 1
            story.append(ListFlowable(items, bulletType="1" if kind == "ol" else "bullet",
                                      bulletFormat="%s." if kind == "ol" else None,
                                      bulletFontSize=10.5 if kind == "ol" else 8, leftIndent=16))
            continue
        if kind == "table":
            _, title_runs, rows = blocks[index]
            if title_runs:
                story.append(Paragraph(markup(title_runs), caption))
            data = [[Paragraph(markup(runs), head if th else cell) for th, runs in row]
                    for row in rows]
            # Columns share the width according to their longest text.
            longest = [max(len(plain(row[i][1])) for row in rows) + 4 for i in range(len(rows[0]))]
            widths = [document.width * n / sum(longest) for n in longest]
            story.append(Table(data, colWidths=widths, repeatRows=1, style=TableStyle([
                ("GRID", (0, 0), (-1, -1), 0.5, colors.HexColor("#999999")),
                ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#eef1f4")),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ])))
            story.append(Spacer(1, 8))
        elif kind == "pre":
            story.append(Preformatted(plain(blocks[index][1]), code))
        else:
            story.append(Paragraph(markup(blocks[index][1]), headings.get(kind, body)))
        index += 1
    document.build(story, onFirstPage=footer, onLaterPages=footer)
    return buffer.getvalue()


def make_docx(title, blocks):
    import docx
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    document = docx.Document()
    props = document.core_properties
    props.title, props.author, props.last_modified_by = title, AUTHOR, AUTHOR
    props.language, props.comments, props.revision = "en-GB", "", 1
    props.created = props.modified = DATE
    document.styles["Normal"].font.name = "Calibri"
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), "en-GB")

    def fill(paragraph, runs, bold=False):
        for text, styles in runs:
            run = paragraph.add_run(text)
            run.bold = True if bold or "b" in styles else None
            run.italic = True if "i" in styles else None
            if "code" in styles:
                run.font.name = "Courier New"
        return paragraph

    names = {"h1": "Heading 1", "h2": "Heading 2", "h3": "Heading 3", "p": "Normal",
             "ul": "List Bullet", "ol": "List Number"}
    for block in blocks:
        if block[0] == "table":
            _, caption, rows = block
            if caption:
                paragraph = fill(document.add_paragraph(style="Caption"), caption)
                paragraph.paragraph_format.keep_with_next = True
            table = document.add_table(len(rows), len(rows[0]), style="Table Grid")
            for row, cells in zip(table.rows, rows):
                if all(th for th, _ in cells):
                    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
                for target, (th, runs) in zip(row.cells, cells):
                    fill(target.paragraphs[0], runs, bold=th)
            document.add_paragraph()
        elif block[0] == "pre":
            for line in plain(block[1]).split("\n"):
                document.add_paragraph(style="No Spacing").add_run(line).font.name = "Courier New"
        else:
            fill(document.add_paragraph(style=names[block[0]]), block[1])

    # Pack the parts again with a fixed date, so that the file is reproducible.
    first, second = io.BytesIO(), io.BytesIO()
    document.save(first)
    with zipfile.ZipFile(first) as source, zipfile.ZipFile(second, "w") as target:
        for name in source.namelist():
            info = zipfile.ZipInfo(name, DATE.timetuple()[:6])
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            target.writestr(info, source.read(name))
    return second.getvalue()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    check = parser.parse_args().check
    stale = 0
    for name, kind in DOCUMENTS.items():
        title, blocks = read(SOURCES / (name + ".html"))
        data = {"pdf": make_pdf, "docx": make_docx}[kind](title, blocks)
        path = TARGET / ("%s.%s" % (name, kind))
        if check:
            same = path.exists() and path.read_bytes() == data
            stale += not same
            print("%s  %s" % ("same     " if same else "DIFFERENT", path.name))
        else:
            path.write_bytes(data)
            print("%6d bytes  %s" % (len(data), path.name))
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
