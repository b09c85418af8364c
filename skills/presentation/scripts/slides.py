#!/usr/bin/env python3
"""Reads, writes and edits PowerPoint presentations."""

import argparse
import json
import os
import sys

NEEDED = "python-pptx==1.0.2"
try:
    from pptx import Presentation
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION
    from pptx.exc import PackageNotFoundError
    from pptx.util import Emu, Pt
except ImportError:
    sys.exit(
        f"python-pptx is missing. Install it once: python3 -m venv /tmp/slides && /tmp/slides/bin/pip install {NEEDED}\n"
        "and run this script with /tmp/slides/bin/python."
    )

CHARTS = {
    "column": XL_CHART_TYPE.COLUMN_CLUSTERED,
    "bar": XL_CHART_TYPE.BAR_CLUSTERED,
    "line": XL_CHART_TYPE.LINE_MARKERS,
    "pie": XL_CHART_TYPE.PIE,
}
TITLE, TITLE_AND_TEXT, TITLE_ONLY = 0, 1, 5


def load(path):
    try:
        return Presentation(path)
    except (PackageNotFoundError, KeyError, ValueError) as error:
        sys.exit(f"{path} cannot be read as a presentation: {error}")


def save(deck, path, source=None):
    if source and os.path.abspath(path) == os.path.abspath(source):
        sys.exit("--out must name another file than the one that is read")
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    deck.save(path)
    print(f"{path}: {len(deck.slides)} slides, {os.path.getsize(path)} bytes")


def shapes_of(parent):
    """Every shape, also those in groups."""
    for shape in parent.shapes:
        if shape.shape_type is not None and hasattr(shape, "shapes"):
            yield from shapes_of(shape)
        else:
            yield shape


def read(args):
    for number, slide in enumerate(load(args.file).slides, start=1):
        title = slide.shapes.title
        print(f"## {number}. {title.text_frame.text if title is not None else '(no title)'}\n")
        for shape in shapes_of(slide):
            if title is not None and shape.shape_id == title.shape_id:
                continue
            print_shape(shape)
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            notes = slide.notes_slide.notes_text_frame.text.strip()
            if notes:
                print(f"Notes: {notes}\n")


def print_shape(shape):
    if shape.has_text_frame and shape.text_frame.text.strip():
        for paragraph in shape.text_frame.paragraphs:
            if paragraph.text.strip():
                print("  " * paragraph.level + f"- {paragraph.text.strip()}")
        print()
    elif getattr(shape, "has_table", False) and shape.has_table:
        rows = [[cell.text.strip().replace("|", "\\|") for cell in row.cells] for row in shape.table.rows]
        print("| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
        for row in rows[1:]:
            print("| " + " | ".join(row) + " |")
        print()
    elif getattr(shape, "has_chart", False) and shape.has_chart:
        categories = [str(category) for category in shape.chart.plots[0].categories]
        for series in shape.chart.plots[0].series:
            points = ", ".join(f"{name} {value}" for name, value in zip(categories, series.values))
            print(f"Chart, {series.name}: {points}")
        print()
    elif hasattr(shape, "image"):
        print(f"Picture: {shape.name}\n")


def build(args):
    with open(args.plan, encoding="utf-8") as file:
        plan = json.load(file)
    if not isinstance(plan, list) or not plan:
        sys.exit("the plan must be a list of slides")
    deck = load(args.template) if args.template else Presentation()
    if args.template:
        remove_slides(deck)
    base = os.path.dirname(os.path.abspath(args.plan))
    for number, part in enumerate(plan, start=1):
        if not part.get("title"):
            sys.exit(f"slide {number} has no title")
        add_slide(deck, part, base)
    save(deck, args.out, args.template)


def remove_slides(deck):
    listing = deck.slides._sldIdLst
    for entry in list(listing):
        deck.part.drop_rel(entry.rId)
        listing.remove(entry)


def add_slide(deck, part, base):
    simple = not any(key in part for key in ("bullets", "chart", "table", "picture"))
    wanted = TITLE if simple else TITLE_AND_TEXT if "bullets" in part else TITLE_ONLY
    layouts = deck.slide_layouts
    slide = deck.slides.add_slide(layouts[min(wanted, len(layouts) - 1)])
    if slide.shapes.title is not None:
        slide.shapes.title.text_frame.text = part["title"]
    body = next((shape for shape in slide.placeholders if shape.placeholder_format.idx == 1), None)
    if simple and body is not None:
        body.text_frame.text = part.get("subtitle", "")
    if "bullets" in part and body is not None:
        add_bullets(body.text_frame, part["bullets"], 0)
    if "chart" in part:
        add_chart(slide, area(deck), part["chart"])
    if "table" in part:
        add_table(slide, area(deck), part["table"])
    if "picture" in part:
        add_picture(slide, area(deck), os.path.join(base, part["picture"]))
    if part.get("notes"):
        slide.notes_slide.notes_text_frame.text = part["notes"]


def area(deck):
    """Below the title, within margins: left, top, width, height."""
    width, height = deck.slide_width, deck.slide_height
    return Emu(width // 16), Emu(height // 4), Emu(width * 14 // 16), Emu(height * 11 // 16)


def add_bullets(frame, bullets, level):
    for bullet in bullets:
        if isinstance(bullet, list):
            add_bullets(frame, bullet, min(level + 1, 4))
            continue
        first = frame.paragraphs[0]
        paragraph = first if len(frame.paragraphs) == 1 and not first.text else frame.add_paragraph()
        paragraph.text = str(bullet)
        paragraph.level = level


def add_chart(slide, place, wish):
    if wish.get("kind") not in CHARTS:
        sys.exit(f"a chart is one of {', '.join(CHARTS)}, not {wish.get('kind')}")
    data = CategoryChartData()
    data.categories = wish["categories"]
    for name, values in wish["series"].items():
        if len(values) != len(wish["categories"]):
            sys.exit(f"the series {name!r} has {len(values)} values for {len(wish['categories'])} categories")
        data.add_series(name, values)
    chart = slide.shapes.add_chart(CHARTS[wish["kind"]], *place, data).chart
    chart.has_legend = len(wish["series"]) > 1 or wish["kind"] == "pie"
    if chart.has_legend:
        chart.legend.position = XL_LEGEND_POSITION.BOTTOM
        chart.legend.include_in_layout = False


def add_table(slide, place, rows):
    columns = max(len(row) for row in rows)
    left, top, width, height = place
    height = min(height, Emu(len(rows) * 400_000))
    table = slide.shapes.add_table(len(rows), columns, left, top, width, height).table
    for number, row in enumerate(rows):
        for index, value in enumerate(row):
            cell = table.cell(number, index)
            cell.text = str(value)
            for paragraph in cell.text_frame.paragraphs:
                paragraph.font.size = Pt(14)


def add_picture(slide, place, path):
    if not os.path.exists(path):
        sys.exit(f"there is no picture {path}")
    left, top, width, height = place
    picture = slide.shapes.add_picture(path, left, top)
    scale = min(width / picture.width, height / picture.height)
    picture.width, picture.height = int(picture.width * scale), int(picture.height * scale)
    picture.left = int(left + (width - picture.width) / 2)


def replace(args):
    deck = load(args.file)
    with open(args.changes, encoding="utf-8") as file:
        changes = json.load(file)
    if "" in changes:
        sys.exit("the words to replace must not be empty")
    paragraphs = [paragraph for slide in deck.slides for paragraph in paragraphs_of(slide)]
    missing = False
    for old, new in changes.items():
        count = sum(replace_in(paragraph, old, new) for paragraph in paragraphs)
        missing = missing or count == 0
        print(f"{old!r}: {count} times")
    save(deck, args.out, args.file)
    sys.exit(1 if missing else 0)


def paragraphs_of(slide):
    frames = [shape.text_frame for shape in shapes_of(slide) if shape.has_text_frame]
    for shape in shapes_of(slide):
        if getattr(shape, "has_table", False) and shape.has_table:
            frames.extend(cell.text_frame for row in shape.table.rows for cell in row.cells)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        frames.append(slide.notes_slide.notes_text_frame)
    return [paragraph for frame in frames for paragraph in frame.paragraphs]


def replace_in(paragraph, old, new):
    """Replaces words in a paragraph; the new ones look like the first letter of the old ones. Returns how often."""
    count, start = 0, 0
    while True:
        place = "".join(run.text for run in paragraph.runs).find(old, start)
        if place == -1:
            return count
        count, start = count + 1, place + len(new)
        left, position = place + len(old), 0
        for run in paragraph.runs:
            text, begin = run.text, position
            position += len(text)
            if position <= place or begin >= left:
                continue
            head = text[: max(0, place - begin)]
            run.text = head + (new if begin <= place else "") + (text[left - begin :] if left < position else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    reading = commands.add_parser("read")
    reading.add_argument("file")
    reading.set_defaults(run=read)
    building = commands.add_parser("build")
    building.add_argument("--plan", required=True)
    building.add_argument("--template", help="a presentation whose look is used")
    building.add_argument("--out", required=True)
    building.set_defaults(run=build)
    replacing = commands.add_parser("replace")
    replacing.add_argument("file")
    replacing.add_argument("--changes", required=True)
    replacing.add_argument("--out", required=True)
    replacing.set_defaults(run=replace)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
