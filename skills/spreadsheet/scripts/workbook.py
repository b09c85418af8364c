#!/usr/bin/env python3
"""Reads, writes and checks Excel workbooks."""

import argparse
import csv
import datetime
import json
import os
import re
import sys

NEEDED = "openpyxl==3.1.5"
try:
    from openpyxl import Workbook, load_workbook
    from openpyxl.chart import BarChart, LineChart, PieChart, Reference
    from openpyxl.formula import Tokenizer
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter, range_boundaries
    from openpyxl.utils.exceptions import InvalidFileException
except ImportError:
    sys.exit(
        f"openpyxl is missing. Install it once: python3 -m venv /tmp/sheets && /tmp/sheets/bin/pip install {NEEDED}\n"
        "and run this script with /tmp/sheets/bin/python."
    )

ERRORS = {"#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#N/A", "#NULL!", "#NUM!"}
TOTALS = {"sum": "SUM", "average": "AVERAGE", "count": "COUNTA", "min": "MIN", "max": "MAX"}
CHARTS = {"bar": BarChart, "line": LineChart, "pie": PieChart}


def load(path, values):
    try:
        return load_workbook(path, data_only=values, keep_vba=path.lower().endswith(".xlsm"))
    except (InvalidFileException, KeyError, OSError) as error:
        sys.exit(f"{path} cannot be read as a workbook: {error}")
    except Exception as error:  # zip and XML errors of many kinds mean the same here
        sys.exit(f"{path} is damaged: {type(error).__name__}: {error}")


def sheet_of(book, name):
    if name is None:
        return book.active
    if name not in book.sheetnames:
        sys.exit(f"there is no sheet {name!r}; there are: {', '.join(book.sheetnames)}")
    return book[name]


def plain(value):
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return str(value)
    return value


def is_formula(value):
    return isinstance(value, str) and value.startswith("=")


def info(args):
    book = load(args.file, values=False)
    for sheet in book.worksheets:
        formulas = sum(1 for row in sheet.iter_rows() for cell in row if is_formula(cell.value))
        hidden = "" if sheet.sheet_state == "visible" else ", hidden"
        print(f"{sheet.title}: {sheet.dimensions}, {formulas} formulas{hidden}")
        header = [str(plain(cell.value)) for cell in next(sheet.iter_rows(max_row=1), ()) if cell.value is not None]
        if header:
            print(f"  first row: {', '.join(header)}")
        if sheet.merged_cells.ranges:
            print(f"  merged: {', '.join(str(area) for area in sheet.merged_cells.ranges)}")
    for name in book.defined_names:
        print(f"name {name}: {book.defined_names[name].attr_text}")


def read(args):
    sheet = sheet_of(load(args.file, values=not args.formulas), args.sheet)
    area = args.range or sheet.dimensions
    try:
        left, top, right, bottom = range_boundaries(area)
    except ValueError:
        sys.exit(f"not a range such as A1:D20: {area}")
    rows = [
        [plain(cell) for cell in row]
        for row in sheet.iter_rows(min_row=top, max_row=bottom, min_col=left, max_col=right, values_only=True)
    ]
    if args.format == "json":
        print(json.dumps(rows, ensure_ascii=False))
    elif args.format == "csv":
        csv.writer(sys.stdout, lineterminator="\n").writerows([["" if cell is None else cell for cell in row] for row in rows])
    else:
        names = [get_column_letter(column) for column in range(left, right + 1)]
        print("| | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
        for number, row in enumerate(rows, start=top):
            cells = ["" if cell is None else str(cell).replace("|", "\\|").replace("\n", " ") for cell in row]
            print(f"| {number} | " + " | ".join(cells) + " |")


def change(args):
    book = load(args.file, values=False)
    with open(args.changes, encoding="utf-8") as file:
        changes = json.load(file)
    for place, value in changes.items():
        name, _, address = place.rpartition("!")
        if not re.fullmatch(r"[A-Za-z]{1,3}[1-9]\d{0,6}", address):
            sys.exit(f"not a cell such as Sheet1!B2: {place}")
        sheet_of(book, name.strip("'") or None)[address] = value
    save(book, args.out, args.file)


def save(book, path, source=None):
    if source and os.path.abspath(path) == os.path.abspath(source):
        sys.exit("--out must name another file than the one that is read")
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    book.save(path)
    print(f"{path}: {', '.join(book.sheetnames)}; {os.path.getsize(path)} bytes")


def build(args):
    with open(args.plan, encoding="utf-8") as file:
        plan = json.load(file)
    book = Workbook()
    book.remove(book.active)
    for part in plan["sheets"]:
        add_sheet(book, part)
    save(book, args.out)


def add_sheet(book, part):
    sheet = book.create_sheet(part["name"])
    header, rows = part["header"], part.get("rows", [])
    sheet.append(header)
    for number, row in enumerate(rows, start=2):
        sheet.append([cell.replace("{row}", str(number)) if is_formula(cell) else cell for cell in row])
    last = len(rows) + 1
    for cell in sheet[1]:
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor="305496")
    letters = {name: get_column_letter(index) for index, name in enumerate(header, start=1)}
    if rows and part.get("totals"):
        add_totals(sheet, letters, last, part["totals"])
    for name, form in part.get("formats", {}).items():
        for cell in sheet[letter_of(letters, name)][1:]:
            cell.number_format = form
    for index, name in enumerate(header, start=1):
        widest = max([len(str(name)), *(len(str(row[index - 1])) for row in rows if len(row) >= index and not is_formula(row[index - 1]))])
        sheet.column_dimensions[get_column_letter(index)].width = min(60, max(10, widest + 3))
    sheet.freeze_panes = "A2"
    if rows:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(header))}{last}"
    if part.get("chart"):
        add_chart(sheet, header, last, part["chart"])


def letter_of(letters, name):
    if name not in letters:
        sys.exit(f"there is no column {name!r}; there are: {', '.join(letters)}")
    return letters[name]


def add_totals(sheet, letters, last, totals):
    row = last + 1
    sheet.cell(row, 1, "Total")
    for name, kind in totals.items():
        if kind not in TOTALS:
            sys.exit(f"a total is one of {', '.join(TOTALS)}, not {kind}")
        letter = letter_of(letters, name)
        sheet[f"{letter}{row}"] = f"={TOTALS[kind]}({letter}2:{letter}{last})"
    for cell in sheet[row]:
        cell.font = Font(bold=True)


def add_chart(sheet, header, last, wish):
    if wish["kind"] not in CHARTS:
        sys.exit(f"a chart is one of {', '.join(CHARTS)}, not {wish['kind']}")
    missing = [name for name in [wish["category"], *wish["values"]] if name not in header]
    if missing:
        sys.exit(f"the chart needs columns that are not there: {', '.join(missing)}")
    chart = CHARTS[wish["kind"]]()
    chart.title = wish.get("title")
    for name in wish["values"]:
        column = header.index(name) + 1
        chart.add_data(Reference(sheet, min_col=column, min_row=1, max_row=last), titles_from_data=True)
    category = header.index(wish["category"]) + 1
    chart.set_categories(Reference(sheet, min_col=category, min_row=2, max_row=last))
    sheet.add_chart(chart, f"{get_column_letter(len(header) + 2)}2")


def from_csv(args):
    book = Workbook()
    book.remove(book.active)
    for path in args.files:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = [[typed(cell) for cell in row] for row in csv.reader(file)]
        name = re.sub(r"[\[\]:*?/\\]", " ", os.path.splitext(os.path.basename(path))[0])[:31]
        if rows:
            add_sheet(book, {"name": name, "header": [str(cell or "") for cell in rows[0]], "rows": rows[1:]})
            keep_texts(book[name])
    save(book, args.out)


def keep_texts(sheet):
    """Data is never run: what looks like a formula in a CSV file stays a text."""
    for row in sheet.iter_rows():
        for cell in row:
            if is_formula(cell.value):
                cell.data_type = "s"


def typed(text):
    """A number where the text is exactly what Excel would write for it: codes such as 007 and 1e5 stay texts."""
    if re.fullmatch(r"-?(0|[1-9]\d{0,14})(\.\d+)?", text):
        return float(text) if "." in text else int(text)
    return text or None


def check(args):
    computed, written = load(args.file, values=True), load(args.file, values=False)
    problems = []
    for sheet in written.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                shown = computed[sheet.title][cell.coordinate].value
                place = f"{sheet.title}!{cell.coordinate}"
                if isinstance(shown, str) and shown in ERRORS:
                    problems.append(f"{place}: {shown}")
                elif is_formula(cell.value):
                    problems.extend(f"{place}: {problem}" for problem in formula_problems(cell.value, written))
    print("\n".join(problems) if problems else "no problems found")
    sys.exit(1 if problems else 0)


def formula_problems(formula, book):
    if "#REF!" in formula:
        yield "the formula refers to cells that are gone"
    if formula.count("(") != formula.count(")"):
        yield "the formula has unequal parentheses"
    for token in Tokenizer(formula).items:
        if token.subtype == "RANGE" and "!" in token.value and "[" not in token.value:
            name = token.value.rpartition("!")[0].strip("'").replace("''", "'")
            if name not in book.sheetnames:
                yield f"the formula refers to a sheet {name!r} that is not there"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    looking = commands.add_parser("info")
    looking.add_argument("file")
    looking.set_defaults(run=info)
    reading = commands.add_parser("read")
    reading.add_argument("file")
    reading.add_argument("--sheet")
    reading.add_argument("--range")
    reading.add_argument("--formulas", action="store_true", help="formulas instead of the values that were computed last")
    reading.add_argument("--format", choices=("csv", "json", "markdown"), default="markdown")
    reading.set_defaults(run=read)
    setting = commands.add_parser("set")
    setting.add_argument("file")
    setting.add_argument("--changes", required=True)
    setting.add_argument("--out", required=True)
    setting.set_defaults(run=change)
    building = commands.add_parser("build")
    building.add_argument("--plan", required=True)
    building.add_argument("--out", required=True)
    building.set_defaults(run=build)
    converting = commands.add_parser("from-csv")
    converting.add_argument("files", nargs="+")
    converting.add_argument("--out", required=True)
    converting.set_defaults(run=from_csv)
    checking = commands.add_parser("check")
    checking.add_argument("file")
    checking.set_defaults(run=check)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
