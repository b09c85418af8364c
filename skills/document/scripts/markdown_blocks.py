"""Takes Markdown apart: blocks of a document, and spans of a line. As much of it as a document needs."""

import re

SPAN = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<bold>.+?)\*\*|(?<!\w)[*_](?P<italic>[^*_\s](?:[^*_]*[^*_\s])?)[*_](?!\w)"
    r"|\[(?P<words>[^\]]+)\]\((?P<link>[^)\s]+)\)"
)


def spans(text):
    """Pieces of a line, each with its look."""
    place = 0
    for match in SPAN.finditer(text):
        if match.start() > place:
            yield {"text": text[place : match.start()]}
        if match["code"]:
            yield {"text": match["code"], "code": True}
        elif match["bold"]:
            yield {"text": match["bold"], "bold": True}
        elif match["italic"]:
            yield {"text": match["italic"], "italic": True}
        else:
            yield {"text": match["words"], "link": match["link"]}
        place = match.end()
    if place < len(text):
        yield {"text": text[place:]}


def cells(line):
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def blocks(text):
    """Headings, paragraphs, list items, tables, pictures, quotes, code and page breaks, in order."""
    lines = text.split("\n")
    place = 0
    while place < len(lines):
        line = lines[place].rstrip()
        place += 1
        if not line.strip():
            continue
        if line.startswith("```"):
            code = []
            while place < len(lines) and not lines[place].startswith("```"):
                code.append(lines[place])
                place += 1
            place += 1
            yield {"kind": "code", "text": "\n".join(code)}
        elif re.match(r"#{1,6} ", line):
            level = len(line) - len(line.lstrip("#"))
            yield {"kind": "heading", "level": level, "text": line[level:].strip()}
        elif re.fullmatch(r"-{3,}|\*{3,}", line.strip()):
            yield {"kind": "page"}
        elif line.lstrip().startswith("|"):
            rows = [cells(line)]
            while place < len(lines) and lines[place].lstrip().startswith("|"):
                if not re.fullmatch(r"[\s|:-]+", lines[place]):
                    rows.append(cells(lines[place]))
                place += 1
            yield {"kind": "table", "rows": rows}
        elif picture := re.fullmatch(r"!\[(.*?)\]\(([^)]+)\)", line.strip()):
            yield {"kind": "picture", "text": picture[1], "path": picture[2]}
        elif item := re.match(r"(\s*)(?:([-*+])|\d+[.)])\s+(.*)", line):
            depth = len(item[1].expandtabs(4)) // 2 + 1
            yield {"kind": "bullet" if item[2] else "number", "depth": depth, "text": item[3]}
        elif line.startswith(">"):
            yield {"kind": "quote", "text": line.lstrip("> ")}
        else:
            words = [line.strip()]
            while place < len(lines) and is_plain(lines[place]):
                words.append(lines[place].strip())
                place += 1
            yield {"kind": "paragraph", "text": " ".join(words)}


def is_plain(line):
    return bool(line.strip()) and not re.match(r"\s*([-*+]|\d+[.)])\s|#{1,6} |\s*\||>|```|!\[|-{3,}$", line)
