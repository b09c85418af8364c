"""Reads tables: CSV and TSV in any usual spelling, and JSON lines. Cells are texts; `number` makes numbers of them."""

import csv
import json
import re
import sys

EMPTY = {"", "na", "n/a", "nan", "null", "none", "-"}
NUMBER = re.compile(r"^[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?([eE][+-]?\d+)?%?$")


def is_empty(text):
    return text.strip().lower() in EMPTY


def number(text):
    """A number, or None for a text that is none. Thousands may be separated by commas; percent is a hundredth."""
    text = text.strip()
    if not text or not NUMBER.match(text) or not re.search(r"\d", text):
        return None
    value = float(text.rstrip("%").replace(",", ""))
    return value / 100 if text.endswith("%") else value


def read(path):
    """The names of the columns, and the rows as lists of texts."""
    with open(path, "rb") as file:
        raw = file.read()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    if path.lower().endswith((".jsonl", ".ndjson")):
        return from_json_lines(text)
    sample = text[:65536]
    try:
        dialect = csv.Sniffer().sniff(sample, delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel_tab if path.lower().endswith(".tsv") else csv.excel
    rows = [row for row in csv.reader(text.splitlines(), dialect) if any(cell.strip() for cell in row)]
    if not rows:
        sys.exit(f"{path} holds no rows")
    columns = [name.strip() or f"column {index + 1}" for index, name in enumerate(rows[0])]
    uneven = sum(1 for row in rows[1:] if len(row) != len(columns))
    if uneven:
        print(f"note: {uneven} rows have more or fewer cells than the {len(columns)} columns", file=sys.stderr)
    width = len(columns)
    return columns, [(row + [""] * width)[:width] for row in rows[1:]]


def from_json_lines(text):
    records = [json.loads(line) for line in text.splitlines() if line.strip()]
    columns = list(dict.fromkeys(key for record in records for key in record))

    def cell(value):
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    return columns, [[cell(record.get(column)) for column in columns] for record in records]


def column_index(columns, name):
    if name in columns:
        return columns.index(name)
    folded = [column.lower() for column in columns]
    if folded.count(name.lower()) == 1:
        return folded.index(name.lower())
    sys.exit(f"there is no column {name!r}; there are: {', '.join(columns)}")


def keep(columns, rows, conditions):
    """The rows that meet every condition, such as `year>=2020`."""
    for condition in conditions:
        match = re.match(r"^(.+?)\s*(!=|>=|<=|=|>|<|~)\s*(.*)$", condition)
        if not match:
            sys.exit(f"not a condition such as year>=2020: {condition}")
        name, operator, wanted = match.groups()
        index = column_index(columns, name)
        rows = [row for row in rows if meets(row[index], operator, wanted)]
    return rows


def meets(cell, operator, wanted):
    if operator == "~":
        return wanted.lower() in cell.lower()
    left, right = number(cell), number(wanted)
    if left is None or right is None:
        left, right = cell.strip(), wanted.strip()
    return {
        "=": left == right,
        "!=": left != right,
        ">": left > right,
        ">=": left >= right,
        "<": left < right,
        "<=": left <= right,
    }[operator]


def show(value):
    """A number as people write it."""
    if isinstance(value, float):
        if value == int(value) and abs(value) < 1e15:
            return str(int(value))
        return f"{value:.6g}"
    return str(value)


def markdown(header, rows):
    cells = [[show(cell).replace("|", "\\|") for cell in row] for row in rows]
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in cells])
