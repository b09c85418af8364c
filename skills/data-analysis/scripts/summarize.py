#!/usr/bin/env python3
"""Groups the rows of a table and sums up a column of each group."""

import argparse
import csv
import statistics
import sys

import tables

MEASURES = ("count", "sum", "mean", "median", "min", "max", "deviation")


def measures(numbers):
    return {
        "count": float(len(numbers)),
        "sum": sum(numbers),
        "mean": statistics.fmean(numbers),
        "median": statistics.median(numbers),
        "min": min(numbers),
        "max": max(numbers),
        "deviation": statistics.stdev(numbers) if len(numbers) > 1 else 0.0,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--by", action="append", default=[], help="column to group by; may be given several times")
    parser.add_argument("--value", required=True, help="column to sum up")
    parser.add_argument("--where", action="append", default=[], help="condition such as year>=2020")
    parser.add_argument("--sort", choices=MEASURES, help="largest first; by the group when left out")
    parser.add_argument("--format", choices=("markdown", "csv"), default="markdown")
    args = parser.parse_args()
    columns, rows = tables.read(args.file)
    rows = tables.keep(columns, rows, args.where)
    keys = [tables.column_index(columns, name) for name in args.by]
    value = tables.column_index(columns, args.value)
    groups, left_out = {}, 0
    for row in rows:
        number = tables.number(row[value])
        if number is None:
            left_out += 1
            continue
        groups.setdefault(tuple(row[key].strip() for key in keys), []).append(number)
    if not groups:
        sys.exit(f"no row has a number in {args.value!r}")
    lines = [(key, measures(numbers)) for key, numbers in groups.items()]
    lines.sort(key=(lambda line: (-line[1][args.sort], line[0])) if args.sort else (lambda line: line[0]))
    if keys:
        lines.append((("all",) + ("",) * (len(keys) - 1), measures([number for numbers in groups.values() for number in numbers])))
    header = [columns[key] for key in keys] + list(MEASURES)
    cells = [list(key) + [found[measure] for measure in MEASURES] for key, found in lines]
    if args.format == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([[tables.show(cell) for cell in line] for line in cells])
    else:
        print(tables.markdown(header, cells))
    if left_out:
        print(f"note: {left_out} rows have no number in {args.value!r} and are left out", file=sys.stderr)


if __name__ == "__main__":
    main()
