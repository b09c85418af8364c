#!/usr/bin/env python3
"""Draws a chart of a table as a PNG file."""

import argparse
import os
import sys
import tempfile
from datetime import datetime

import tables

NEEDED = "matplotlib==3.11.2"
MAX_GROUPS = 10
DATE_FORMATS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m")


def load_matplotlib():
    # The home folder may be read-only; matplotlib keeps its font list there otherwise.
    os.environ.setdefault("MPLCONFIGDIR", os.path.join(tempfile.gettempdir(), "matplotlib"))
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        sys.exit(
            f"matplotlib is missing. Install it once: python3 -m venv /tmp/charts && /tmp/charts/bin/pip install {NEEDED}\n"
            "and run this script with /tmp/charts/bin/python."
        )
    return pyplot


def axis_value(text):
    """A number, a date, or the text itself."""
    value = tables.number(text)
    if value is not None:
        return value
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(text.strip(), form)
        except ValueError:
            continue
    return text.strip()


def series(columns, rows, args):
    """The points of each group: (x, y) in the order of x, or of the table where x is text. Several rows of one x are added up."""
    x = tables.column_index(columns, args.x)
    y = tables.column_index(columns, args.y)
    group = tables.column_index(columns, args.group) if args.group else None
    found, left_out = {}, 0
    for row in rows:
        value = tables.number(row[y])
        if value is None or tables.is_empty(row[x]):
            left_out += 1
            continue
        points = found.setdefault(row[group].strip() if group is not None else args.y, [])
        points.append((axis_value(row[x]), value))
    if left_out:
        print(f"note: {left_out} rows without both values are left out", file=sys.stderr)
    if not found:
        sys.exit("no row has both values")
    if len(found) > MAX_GROUPS:
        sys.exit(f"{len(found)} groups are too many for one chart; filter with --where, or chart a coarser column (at most {MAX_GROUPS})")
    kinds = {type(point[0]) for points in found.values() for point in points}
    if len(kinds) > 1:
        sys.exit(f"the column {args.x!r} mixes texts with numbers or dates; filter with --where")
    if args.kind == "scatter":
        return found
    return {name: added_up(points, str not in kinds) for name, points in found.items()}


def added_up(points, ordered):
    sums = {}
    for x, y in points:
        sums[x] = sums.get(x, 0.0) + y
    return sorted(sums.items()) if ordered else list(sums.items())


def draw(axes, columns, rows, args):
    if args.kind == "histogram":
        y = tables.column_index(columns, args.y)
        numbers = [value for value in (tables.number(row[y]) for row in rows) if value is not None]
        if not numbers:
            sys.exit(f"no row has a number in {args.y!r}")
        axes.hist(numbers, bins="auto", edgecolor="white")
        axes.set_xlabel(args.x_label or args.y)
        axes.set_ylabel(args.y_label or "rows")
        return
    groups = series(columns, rows, args)
    if args.kind == "bar":
        bars(axes, groups)
    for name, points in groups.items():
        xs, ys = zip(*points)
        if args.kind == "line":
            axes.plot(xs, ys, marker="o" if len(xs) <= 40 else None, label=name)
        elif args.kind == "scatter":
            axes.scatter(xs, ys, s=18, alpha=0.7, label=name)
    axes.set_xlabel(args.x_label or args.x)
    axes.set_ylabel(args.y_label or args.y)
    if args.kind in ("bar", "line"):
        axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
    if args.group:
        axes.legend(title=args.group, frameon=False)


def bars(axes, groups):
    """Groups side by side; a value that a group lacks has no bar."""
    places = list(dict.fromkeys(x for points in groups.values() for x, _ in points))
    labels = [place.strftime("%Y-%m-%d") if isinstance(place, datetime) else tables.show(place) for place in places]
    width = 0.8 / len(groups)
    for index, (name, points) in enumerate(groups.items()):
        values = dict(points)
        at = [number + (index - (len(groups) - 1) / 2) * width for number, place in enumerate(places) if place in values]
        axes.bar(at, [values[place] for place in places if place in values], width, label=name)
    axes.set_xticks(range(len(places)), labels, rotation=45 if sum(map(len, labels)) > 60 else 0, ha="right" if sum(map(len, labels)) > 60 else "center")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--kind", choices=("line", "bar", "scatter", "histogram"), required=True)
    parser.add_argument("--x", help="column of the horizontal axis")
    parser.add_argument("--y", required=True, help="column of numbers")
    parser.add_argument("--group", help="column that makes one line, bar or colour for each of its values")
    parser.add_argument("--where", action="append", default=[], help="condition such as year>=2020")
    parser.add_argument("--title", required=True)
    parser.add_argument("--x-label")
    parser.add_argument("--y-label")
    parser.add_argument("--out", required=True, help="the PNG file to write")
    args = parser.parse_args()
    if args.kind != "histogram" and not args.x:
        parser.error("--x is needed for this kind of chart")
    columns, rows = tables.read(args.file)
    rows = tables.keep(columns, rows, args.where)
    pyplot = load_matplotlib()
    figure, axes = pyplot.subplots(figsize=(10, 6), layout="constrained")
    draw(axes, columns, rows, args)
    axes.set_title(args.title, loc="left", fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    if args.kind == "line":
        figure.autofmt_xdate()
    figure.savefig(args.out, dpi=144, format="png")
    print(f"{args.out}: {os.path.getsize(args.out)} bytes")


if __name__ == "__main__":
    main()
