#!/usr/bin/env python3
"""Reads and changes PDF files: info, text, split, merge, rotate, forms, passwords."""

import argparse
import json
import os
import sys

NEEDED = "pypdf==7.1.1 cryptography==50.0.2"
try:
    from pypdf import PdfReader, PdfWriter
    from pypdf.errors import PyPdfError
except ImportError:
    sys.exit(
        f"pypdf is missing. Install it once: python3 -m venv /tmp/pdf && /tmp/pdf/bin/pip install {NEEDED}\n"
        "and run this script with /tmp/pdf/bin/python."
    )

KINDS = {"/Tx": "text", "/Btn": "button", "/Ch": "choice", "/Sig": "signature"}


def open_pdf(path, password=None):
    reader = PdfReader(path)
    if reader.is_encrypted and not reader.decrypt(password or ""):
        sys.exit(f"{path} needs a password; use unlock with --password-file")
    return reader


def pages_of(text, count):
    """Page numbers, from 0, of a notation such as 1-3,7,-1."""
    if not text:
        return list(range(count))
    found = []
    for part in text.split(","):
        part = part.strip()
        negative = part.startswith("-")
        first, _, last = part.lstrip("-").partition("-")
        try:
            start = count + 1 - int(first) if negative else int(first)
            end = int(last) if last else start
        except ValueError:
            sys.exit(f"not a range of pages: {part}")
        if not (1 <= start <= count and 1 <= end <= count):
            sys.exit(f"page {part} is not there; the document has {count} pages")
        found.extend(range(start - 1, end) if start <= end else range(start - 1, end - 2, -1))
    return found


def write(writer, path):
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    with open(path, "wb") as file:
        writer.write(file)
    print(f"{path}: {len(writer.pages)} pages, {os.path.getsize(path)} bytes")


def info(args):
    reader = PdfReader(args.file)
    print(f"encrypted: {'yes' if reader.is_encrypted else 'no'}")
    if reader.is_encrypted and not reader.decrypt(""):
        print("a password is needed to read more")
        return
    print(f"pages: {len(reader.pages)}")
    sizes = {f"{float(page.mediabox.width):.0f} x {float(page.mediabox.height):.0f} points" for page in reader.pages}
    print(f"sizes: {', '.join(sorted(sizes))}")
    for name, value in (reader.metadata or {}).items():
        print(f"{name.lstrip('/').lower()}: {value}")
    fields = reader.get_fields() or {}
    print(f"form fields: {len(fields)}")
    if any(field.get("/FT") == "/Sig" and field.get("/V") for field in fields.values()):
        print("signed: yes; any change makes the signature invalid")


def text(args):
    reader = open_pdf(args.file)
    empty = 0
    for index in pages_of(args.pages, len(reader.pages)):
        found = (reader.pages[index].extract_text() or "").strip()
        empty += not found
        print(f"--- page {index + 1} ---\n{found}")
    if empty:
        print(f"note: {empty} pages have no text; they may be pictures", file=sys.stderr)


def split(args):
    reader = open_pdf(args.file)
    chosen = pages_of(args.pages, len(reader.pages))
    if not args.each:
        writer = PdfWriter()
        for index in chosen:
            writer.add_page(reader.pages[index])
        write(writer, args.out)
        return
    stem = os.path.splitext(os.path.basename(args.file))[0]
    width = len(str(len(reader.pages)))
    for index in chosen:
        writer = PdfWriter()
        writer.add_page(reader.pages[index])
        write(writer, os.path.join(args.out, f"{stem}-{index + 1:0{width}d}.pdf"))


def merge(args):
    writer = PdfWriter()
    for path in args.files:
        writer.append(open_pdf(path))
    write(writer, args.out)


def rotate(args):
    writer = PdfWriter(clone_from=open_pdf(args.file))
    for index in set(pages_of(args.pages, len(writer.pages))):
        writer.pages[index].rotate(args.by)
    write(writer, args.out)


def described(field):
    kind = KINDS.get(field.get("/FT"), "unknown")
    value = field.get("/V")
    result = {"kind": kind, "value": None if value is None else str(value)}
    states = field.get("/_States_")
    if states:
        result["choices"] = [state if isinstance(state, str) else str(state[0]) for state in states]
    return result


def fields(args):
    found = open_pdf(args.file).get_fields() or {}
    print(json.dumps({name: described(field) for name, field in found.items()}, ensure_ascii=False, indent=2))


def fill(args):
    with open(args.values, encoding="utf-8") as file:
        values = json.load(file)
    writer = PdfWriter(clone_from=open_pdf(args.file))
    known = writer.get_fields() or {}
    unknown = sorted(set(values) - set(known))
    if unknown:
        sys.exit(f"there are no fields called {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
    entered = {name: entry(name, known[name], value) for name, value in values.items()}
    for page in writer.pages:
        writer.update_page_form_field_values(page, entered, auto_regenerate=False)
    write(writer, args.out)


def entry(name, field, value):
    states = [str(state) for state in field.get("/_States_", []) if isinstance(state, str)]
    if field.get("/FT") != "/Btn":
        return str(value)
    if isinstance(value, bool):
        on = next((state for state in states if state != "/Off"), "/Yes")
        return on if value else "/Off"
    chosen = value if str(value).startswith("/") else f"/{value}"
    if states and chosen not in states:
        sys.exit(f"{name} takes one of {', '.join(states)}, not {value}")
    return chosen


def password_in(path):
    with open(path, encoding="utf-8") as file:
        return file.read().rstrip("\n")


def lock(args):
    writer = PdfWriter(clone_from=open_pdf(args.file))
    writer.encrypt(password_in(args.password_file), algorithm="AES-256")
    write(writer, args.out)


def unlock(args):
    write(PdfWriter(clone_from=open_pdf(args.file, password_in(args.password_file))), args.out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)

    def command(name, run, **options):
        sub = commands.add_parser(name)
        if options.get("many"):
            sub.add_argument("files", nargs="+")
        else:
            sub.add_argument("file")
        if options.get("pages"):
            sub.add_argument("--pages", help="such as 1-3,7,-1; all when left out")
        if options.get("out"):
            sub.add_argument("--out", required=True)
        if options.get("password"):
            sub.add_argument("--password-file", required=True, help="a file that holds the password")
        sub.set_defaults(run=run)
        return sub

    command("info", info)
    command("text", text, pages=True)
    command("split", split, pages=True, out=True).add_argument("--each", action="store_true", help="one file per page")
    command("merge", merge, many=True, out=True)
    command("rotate", rotate, pages=True, out=True).add_argument("--by", type=int, choices=(90, 180, 270), required=True)
    command("fields", fields)
    command("fill", fill, out=True).add_argument("--values", required=True, help="a JSON file: field name to value")
    command("lock", lock, out=True, password=True)
    command("unlock", unlock, out=True, password=True)
    args = parser.parse_args()
    try:
        args.run(args)
    except PyPdfError as error:
        sys.exit(f"the file cannot be read as PDF: {error}")
    except FileNotFoundError as error:
        sys.exit(f"there is no file {error.filename}")


if __name__ == "__main__":
    main()
