#!/usr/bin/env python3
"""Keeps the sources of a piece of research, numbered, in a JSON file, and checks the citations of a text against them."""

import argparse
import json
import os
import re
import sys
from datetime import date
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

TRACKING = re.compile(r"^(utm_.*|fbclid|gclid|mc_[ce]id|ref_src)$")
# A citation is a number in brackets that is no link text and no part of a word, such as an index in code.
CITATION = re.compile(r"(?<![\w\]`])((?:\[\d{1,4}\])+)(?!\()")


def plain_url(url):
    """One spelling for all the addresses of a page."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        sys.exit(f"not a web address: {url}")
    query = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if not TRACKING.match(key)]
    host = parts.hostname.lower() + (f":{parts.port}" if parts.port not in (None, 80, 443) else "")
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/") or "/", urlencode(query), ""))


def load(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def save(path, sources):
    aside = f"{path}.new"
    with open(aside, "w", encoding="utf-8") as file:
        json.dump(sources, file, ensure_ascii=False, indent=2)
    os.replace(aside, path)


def add(args):
    sources = load(args.file)
    url = plain_url(args.url)
    for number, source in enumerate(sources, start=1):
        if source["url"] == url:
            if args.quote and args.quote not in source["quotes"]:
                source["quotes"].append(args.quote)
                save(args.file, sources)
            print(number)
            return
    if args.date:
        try:
            date.fromisoformat(args.date)
        except ValueError:
            sys.exit(f"not a date such as 2026-01-31: {args.date}")
    quotes = [args.quote] if args.quote else []
    sources.append({"url": url, "title": args.title.strip(), "date": args.date, "read": date.today().isoformat(), "quotes": quotes})
    save(args.file, sources)
    print(len(sources))


def show(args):
    print("\n## Sources\n")
    for number, source in enumerate(load(args.file), start=1):
        dated = f", {source['date']}" if source["date"] else ""
        print(f"{number}. [{source['title']}]({source['url']}){dated} (read {source['read']})")


def cited_in(text):
    """The numbers that a text cites, outside of code."""
    text = re.sub(r"```.*?```|`[^`\n]*`", " ", text, flags=re.DOTALL)
    return {int(number) for group in CITATION.findall(text) for number in re.findall(r"\d+", group)}


def check(args):
    with open(args.text, encoding="utf-8") as file:
        cited = cited_in(file.read())
    sources = load(args.file)
    unknown = sorted(number for number in cited if not 1 <= number <= len(sources))
    unused = [number for number in range(1, len(sources) + 1) if number not in cited]
    for number in unknown:
        print(f"[{number}] is cited, but there is no such source")
    for number in unused:
        print(f"[{number}] is not cited: {sources[number - 1]['title']}")
    if not cited:
        print("nothing is cited")
    if unknown or not cited:
        sys.exit(1)
    print(f"{len(cited)} of {len(sources)} sources are cited")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", default="sources.json", help="where the sources are kept")
    commands = parser.add_subparsers(required=True)
    adding = commands.add_parser("add", help="keep a source and print its number")
    adding.add_argument("--url", required=True)
    adding.add_argument("--title", required=True)
    adding.add_argument("--quote", help="the words that carry the claim")
    adding.add_argument("--date", help="when it was published, such as 2026-01-31")
    adding.set_defaults(run=add)
    commands.add_parser("list", help="print the list of sources in Markdown").set_defaults(run=show)
    checking = commands.add_parser("check", help="compare the citations of a text with the sources")
    checking.add_argument("text")
    checking.set_defaults(run=check)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
