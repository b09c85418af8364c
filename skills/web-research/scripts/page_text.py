#!/usr/bin/env python3
"""Turns an HTML file (or standard input) into readable text: title, headings, paragraphs, lists, tables and links."""

import argparse
import re
import sys
from html.parser import HTMLParser

SKIPPED = {"script", "style", "noscript", "template", "svg", "iframe", "form", "nav", "footer"}
BLOCKS = {"p", "div", "section", "article", "main", "header", "ul", "ol", "table", "blockquote", "figure", "figcaption", "dl", "dt", "dd", "pre", "title"}
HEADINGS = {"h1": "# ", "h2": "## ", "h3": "### ", "h4": "#### ", "h5": "##### ", "h6": "###### "}


class Page(HTMLParser):
    def __init__(self, with_links):
        super().__init__(convert_charrefs=True)
        self.parts = []
        self.skipping = []
        self.preformatted = 0
        self.with_links = with_links
        self.links = []

    def handle_starttag(self, tag, attrs):
        if self.skipping or tag in SKIPPED:
            if tag in SKIPPED:
                self.skipping.append(tag)
            return
        if tag in HEADINGS:
            self.parts.append("\n\n" + HEADINGS[tag])
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag == "tr":
            self.parts.append("\n| ")
        elif tag == "br":
            self.parts.append("\n")
        elif tag in BLOCKS:
            self.parts.append("\n\n")
        if tag == "pre":
            self.preformatted += 1
        if tag == "a":
            self.links.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag):
        if self.skipping:
            if tag == self.skipping[-1]:
                self.skipping.pop()
            return
        if tag in ("td", "th"):
            self.parts.append(" | ")
        elif tag in HEADINGS or tag in BLOCKS:
            self.parts.append("\n\n")
        if tag == "pre":
            self.preformatted = max(0, self.preformatted - 1)
        if tag == "a" and self.links:
            target = self.links.pop()
            if self.with_links and target.startswith(("http://", "https://")):
                self.parts.append(f" <{target}>")

    def handle_data(self, data):
        if not self.skipping:
            self.parts.append(data if self.preformatted else re.sub(r"\s+", " ", data))

    def text(self):
        lines = [line.rstrip() if line.startswith("    ") else line.strip() for line in "".join(self.parts).split("\n")]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", help="an HTML file; standard input when left out")
    parser.add_argument("--links", action="store_true", help="write the address behind each link")
    args = parser.parse_args()
    if args.file:
        with open(args.file, "rb") as file:
            raw = file.read()
    else:
        raw = sys.stdin.buffer.read()
    declared = re.search(rb"charset=[\"']?([\w-]+)", raw[:2048])
    encoding = declared.group(1).decode("ascii") if declared else "utf-8"
    try:
        html = raw.decode(encoding, errors="replace")
    except LookupError:
        html = raw.decode("utf-8", errors="replace")
    page = Page(args.links)
    page.feed(html)
    page.close()
    sys.stdout.write(page.text())


if __name__ == "__main__":
    main()
