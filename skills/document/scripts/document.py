#!/usr/bin/env python3
"""Reads, writes and edits Word documents."""

import argparse
import json
import os
import re
import sys

from markdown_blocks import blocks, spans

NEEDED = "python-docx==1.2.0"
try:
    import docx
    from docx.document import Document
    from docx.enum.text import WD_BREAK
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.opc.exceptions import PackageNotFoundError
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Inches
    from docx.table import Table
    from docx.text.paragraph import Paragraph
except ImportError:
    sys.exit(
        f"python-docx is missing. Install it once: python3 -m venv /tmp/docs && /tmp/docs/bin/pip install {NEEDED}\n"
        "and run this script with /tmp/docs/bin/python."
    )


def load(path):
    try:
        return docx.Document(path)
    except (PackageNotFoundError, KeyError, ValueError) as error:
        sys.exit(f"{path} cannot be read as a Word document: {error}")


def save(document, path, source=None):
    if source and os.path.abspath(path) == os.path.abspath(source):
        sys.exit("--out must name another file than the one that is read")
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    document.save(path)
    print(f"{path}: {os.path.getsize(path)} bytes")


def content(parent):
    """Paragraphs and tables, in their order."""
    element = parent.element.body if isinstance(parent, Document) else parent._element
    for child in element.iterchildren():
        if child.tag == qn("w:p"):
            yield Paragraph(child, parent)
        elif child.tag == qn("w:tbl"):
            yield Table(child, parent)


def heading_level(paragraph):
    match = re.match(r"(?:Heading|heading) (\d)$", paragraph.style.name if paragraph.style else "")
    if match:
        return int(match.group(1))
    return 1 if paragraph.style and paragraph.style.name == "Title" else None


def visible_text(paragraph):
    """The text with inserted parts and without deleted ones; links keep their words."""
    parts = []
    for node in paragraph._element.iter():
        if node.tag == qn("w:t"):
            parts.append(node.text or "")
        elif node.tag in (qn("w:tab"), qn("w:br")) and node.getparent().tag == qn("w:r"):
            parts.append("\t" if node.tag == qn("w:tab") else "\n")
    return "".join(parts)


def as_markdown(item):
    if isinstance(item, Table):
        rows = [[cell.text.strip().replace("\n", " ").replace("|", "\\|") for cell in row.cells] for row in item.rows]
        if not rows:
            return ""
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])
    text = visible_text(item).strip()
    level = heading_level(item)
    style = item.style.name if item.style else ""
    if not text:
        return ""
    if level:
        return "#" * level + " " + text
    if style.startswith("List Number"):
        return f"1. {text}"
    if style.startswith("List"):
        return f"- {text}"
    return f"> {text}" if "Quote" in style else text


def read(args):
    lines, listing = [], False
    for item in content(load(args.file)):
        text = as_markdown(item)
        if not text:
            continue
        in_list = text.startswith(("- ", "1. ")) and not isinstance(item, Table)
        lines.append(("\n" if lines and not (listing and in_list) else "") + text)
        listing = in_list
    print("\n".join(lines))


def info(args):
    document = load(args.file)
    paragraphs = [item for item in content(document) if isinstance(item, Paragraph)]
    words = sum(len(visible_text(paragraph).split()) for paragraph in paragraphs)
    core = document.core_properties
    print(f"title: {core.title or '-'}\nauthor: {core.author or '-'}")
    print(f"paragraphs: {len(paragraphs)}, words: {words}, tables: {len(document.tables)}, pictures: {len(document.inline_shapes)}")
    changes = [node for node in document.element.body.iter() if node.tag in (qn("w:ins"), qn("w:del"))]
    print(f"tracked changes: {len(changes)}, comments: {len(list(document.comments))}")
    for comment in document.comments:
        print(f"  {comment.author}: {comment.text}")
    print("styles: " + ", ".join(sorted({paragraph.style.name for paragraph in paragraphs if paragraph.style})))
    for paragraph in paragraphs:
        level = heading_level(paragraph)
        if level:
            print("  " * level + visible_text(paragraph))


def build(args):
    with open(args.text, encoding="utf-8") as file:
        text = file.read()
    document = load(args.template) if args.template else docx.Document()
    if args.template:
        body = document.element.body
        for child in list(body):
            if child.tag != qn("w:sectPr"):
                body.remove(child)
    if args.title:
        document.core_properties.title = args.title
    base = os.path.dirname(os.path.abspath(args.text))
    for block in blocks(text):
        add_block(document, block, base)
    save(document, args.out, args.template)


def add_block(document, block, base):
    kind = block["kind"]
    if kind == "heading":
        fill(document.add_heading("", level=block["level"]), block["text"])
    elif kind == "table":
        add_table(document, block["rows"])
    elif kind == "picture":
        path = os.path.join(base, block["path"])
        if not os.path.exists(path):
            sys.exit(f"there is no picture {block['path']}")
        document.add_picture(path, width=Inches(6))
        if block["text"]:
            fill(styled(document, "Caption"), block["text"])
    elif kind == "page":
        document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    elif kind == "code":
        paragraph = styled(document, "No Spacing")
        run = paragraph.add_run(block["text"])
        run.font.name = "Courier New"
    else:
        style = {"bullet": "List Bullet", "number": "List Number", "quote": "Quote"}.get(kind, "Normal")
        depth = "" if block.get("depth", 1) == 1 else f" {min(3, block['depth'])}"
        fill(styled(document, style + (depth if kind in ("bullet", "number") else "")), block["text"])


def styled(document, name):
    """A paragraph in a style; in the normal one where a template lacks it."""
    known = {style.name for style in document.styles}
    return document.add_paragraph(style=name if name in known else None)


def fill(paragraph, text):
    for span in spans(text):
        if span.get("link"):
            add_link(paragraph, span["text"], span["link"])
            continue
        run = paragraph.add_run(span["text"])
        run.bold = span.get("bold")
        run.italic = span.get("italic")
        if span.get("code"):
            run.font.name = "Courier New"


def add_link(paragraph, text, address):
    link = OxmlElement("w:hyperlink")
    link.set(qn("r:id"), paragraph.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    run = paragraph.add_run(text)
    run.font.underline = True
    link.append(run._element)
    paragraph._element.append(link)


def add_table(document, rows):
    width = max(len(row) for row in rows)
    table = document.add_table(rows=0, cols=width)
    if "Table Grid" in {style.name for style in document.styles}:
        table.style = "Table Grid"
    for number, row in enumerate(rows):
        cells = table.add_row().cells
        for index in range(width):
            fill(cells[index].paragraphs[0], row[index] if index < len(row) else "")
            if number == 0:
                for run in cells[index].paragraphs[0].runs:
                    run.bold = True


def every_paragraph(document):
    def inside(parent):
        for paragraph in parent.paragraphs:
            yield paragraph
        for table in parent.tables:
            for cell in {cell._tc: cell for row in table.rows for cell in row.cells}.values():
                yield from inside(cell)

    yield from inside(document)
    for section in document.sections:
        for part in (section.header, section.footer):
            if not part.is_linked_to_previous:
                yield from inside(part)


def replace_in(paragraph, old, new):
    """Replaces words in a paragraph; the new ones look like the first letter of the old ones. Returns how often."""
    count = 0
    start = 0
    while True:
        runs = [run for run in paragraph.runs if run.text]
        place = "".join(run.text for run in runs).find(old, start)
        if place == -1:
            return count
        count += 1
        start = place + len(new)
        left, position = place + len(old), 0
        for run in runs:
            text, begin = run.text, position
            position += len(text)
            if position <= place or begin >= left:
                continue
            head = text[: max(0, place - begin)]
            tail = text[left - begin :] if left < position else ""
            run.text = head + (new if begin <= place else "") + tail


def replace(args):
    document = load(args.file)
    with open(args.changes, encoding="utf-8") as file:
        changes = json.load(file)
    if "" in changes:
        sys.exit("the words to replace must not be empty")
    paragraphs = list(every_paragraph(document))
    missing = False
    for old, new in changes.items():
        count = sum(replace_in(paragraph, old, new) for paragraph in paragraphs)
        missing = missing or count == 0
        print(f"{old!r}: {count} times")
    save(document, args.out, args.file)
    sys.exit(1 if missing else 0)


def comment(args):
    document = load(args.file)
    for paragraph in every_paragraph(document):
        if args.find in paragraph.text and paragraph.runs:
            document.add_comment(paragraph.runs, text=args.text, author=args.author, initials=args.author[:2])
            save(document, args.out, args.file)
            return
    sys.exit(f"the words {args.find!r} are in no paragraph")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, run in (("info", info), ("read", read)):
        sub = commands.add_parser(name)
        sub.add_argument("file")
        sub.set_defaults(run=run)
    building = commands.add_parser("build")
    building.add_argument("text", help="a Markdown file")
    building.add_argument("--template", help="a document whose styles, margins, header and footer are used")
    building.add_argument("--title")
    building.add_argument("--out", required=True)
    building.set_defaults(run=build)
    replacing = commands.add_parser("replace")
    replacing.add_argument("file")
    replacing.add_argument("--changes", required=True)
    replacing.add_argument("--out", required=True)
    replacing.set_defaults(run=replace)
    remarking = commands.add_parser("comment")
    remarking.add_argument("file")
    remarking.add_argument("--find", required=True)
    remarking.add_argument("--text", required=True)
    remarking.add_argument("--author", default="Agent")
    remarking.add_argument("--out", required=True)
    remarking.set_defaults(run=comment)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
