#!/usr/bin/env python3
"""Says what a table holds, column by column, and what looks wrong with it."""

import argparse
import statistics
from collections import Counter
from datetime import datetime

import tables

DATE_FORMATS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m", "%d.%m.%Y", "%m/%d/%Y", "%Y/%m/%d")


def as_date(text):
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(text.strip(), form)
        except ValueError:
            continue
    return None


def describe(name, cells):
    filled = [cell for cell in cells if not tables.is_empty(cell)]
    numbers = [value for value in map(tables.number, filled) if value is not None]
    dates = [value for value in map(as_date, filled) if value is not None] if len(numbers) < len(filled) else []
    notes = []
    if filled and len(numbers) == len(filled):
        kind, span = "number", number_span(numbers)
    elif filled and len(dates) == len(filled):
        kind, span = "date", f"{min(dates):%Y-%m-%d} to {max(dates):%Y-%m-%d}"
    else:
        kind = "text" if filled else "empty"
        common = Counter(cell.strip() for cell in filled).most_common(3)
        span = ", ".join(f"{value[:40]} ({count})" for value, count in common)
        if numbers and len(numbers) > len(filled) * 0.5:
            odd = next(cell for cell in filled if tables.number(cell) is None)
            notes.append(f"{name}: {len(filled) - len(numbers)} of {len(filled)} cells are no numbers, such as {odd[:40]!r}")
        trimmed = Counter(cell.strip().lower() for cell in filled)
        if len(trimmed) < len({cell.strip() for cell in filled}):
            notes.append(f"{name}: some values differ only in case")
    return [name, kind, len(cells) - len(filled), len(set(filled)), span], notes


def number_span(numbers):
    mean, middle = statistics.fmean(numbers), statistics.median(numbers)
    deviation = statistics.stdev(numbers) if len(numbers) > 1 else 0.0
    return (
        f"{tables.show(min(numbers))} to {tables.show(max(numbers))}, mean {tables.show(mean)}, "
        f"median {tables.show(middle)}, deviation {tables.show(deviation)}"
    )


def outliers(name, cells):
    numbers = [value for value in map(tables.number, cells) if value is not None]
    if len(numbers) < 8:
        return None
    low, _, high = statistics.quantiles(numbers, n=4)
    reach = 3 * (high - low)
    far = [value for value in numbers if value < low - reach or value > high + reach]
    if not far or reach == 0:
        return None
    return f"{name}: {len(far)} values lie far from the others, such as {tables.show(max(far, key=abs))}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    args = parser.parse_args()
    columns, rows = tables.read(args.file)
    lines, notes = [], []
    for index, name in enumerate(columns):
        cells = [row[index] for row in rows]
        line, found = describe(name, cells)
        lines.append(line)
        notes.extend(found)
        far = outliers(name, cells) if line[1] == "number" else None
        if far:
            notes.append(far)
    twice = len(rows) - len({tuple(row) for row in rows})
    if twice:
        notes.append(f"{twice} rows are there more than once")
    if len(set(columns)) < len(columns):
        notes.append("some columns have the same name")
    print(f"{len(rows)} rows, {len(columns)} columns\n")
    print(tables.markdown(["column", "kind", "empty", "different", "values"], lines))
    print("\nLooks wrong:\n" + "\n".join(f"- {note}" for note in notes) if notes else "\nNothing looks wrong.")


if __name__ == "__main__":
    main()
