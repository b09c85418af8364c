#!/usr/bin/env python3
"""Checks the folder of a skill: its frontmatter, its files, and that what it refers to is there. The server has the last word."""

import argparse
import json
import os
import re
import sys
import unicodedata

MAX_BYTES, MAX_FILES, MAX_DOCUMENT = 30 * 1024 * 1024, 2_000, 256 * 1024
LEFT_OUT = {"__pycache__", ".git", "node_modules"}
RESERVED = {"skills"}


def frontmatter(text):
    """The keys at the left margin with their texts, and the body."""
    lines = text.replace("\r\n", "\n").lstrip("\ufeff").split("\n")
    if lines[0].rstrip() != "---":
        raise ValueError("SKILL.md line 1: expected a line ---")
    end = next((number for number, line in enumerate(lines) if number and line.rstrip() == "---"), None)
    if end is None:
        raise ValueError("SKILL.md line 1: the frontmatter is never closed by a line ---")
    found, key = {}, None
    for number, line in enumerate(lines[1:end], start=2):
        match = re.match(r"([A-Za-z_][\w-]*):(?:\s+(.*))?$", line)
        if match:
            key = match[1].replace("_", "-")
            if key in found:
                raise ValueError(f"SKILL.md line {number}: {key} is there twice")
            found[key] = [number, (match[2] or "").strip()]
            unquoted(found[key][1], number)
        elif key and (line.startswith((" ", "\t", "- ")) or not line.strip()):
            found[key][1] += " " + line.strip()
        elif line.strip() and not line.startswith("#"):
            raise ValueError(f"SKILL.md line {number}: expected key: value")
    return {name: (number, plain(value.strip())) for name, (number, value) in found.items()}, "\n".join(lines[end + 1 :])


def unquoted(value, number):
    if re.search(r":\s|\s#", value) and value[0] not in "\"'[{|>&":
        raise ValueError(f"SKILL.md line {number}: a text that holds ': ' or ' #' must be in quotes")


def plain(value):
    if value.startswith('"'):
        try:
            return json.loads(value)
        except ValueError:
            return value.strip('"')
    if value.startswith("'"):
        return value[1:-1].replace("''", "'")
    if re.match(r"[|>][+-]?\s", value):
        return value[value.index(" ") :].strip()
    return value


def document_problems(text, folder):
    try:
        fields, body = frontmatter(text)
    except ValueError as error:
        return [str(error)]
    problems = []
    number, name = fields.get("name", (1, ""))
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", name):
        problems.append(f"SKILL.md line {number}: name must be up to 64 lower-case letters, digits and hyphens")
    elif name in RESERVED:
        problems.append(f"SKILL.md line {number}: {name} is a command; choose another name")
    elif name != os.path.basename(os.path.abspath(folder)):
        problems.append(f"SKILL.md line {number}: the folder should be called {name} too")
    number, description = fields.get("description", (1, ""))
    if not description:
        problems.append(f"SKILL.md line {number}: description is missing or empty")
    if len(description) > 1024:
        problems.append(f"SKILL.md line {number}: description has {len(description)} characters; at most 1024")
    if re.search(r"</?[A-Za-z!?][^<>]*>", description):
        problems.append(f"SKILL.md line {number}: description must not hold tags")
    if not body.strip():
        problems.append("SKILL.md has no instructions")
    for path in sorted(set(re.findall(r"\b(?:scripts|references|assets)/[\w./-]*\w", body))):
        if not os.path.exists(os.path.join(folder, path)):
            problems.append(f"SKILL.md names {path}, which is not there")
    return problems


def file_problems(folder):
    problems, seen, total, count = [], {}, 0, 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        for name in sorted(files) + folders:
            path = os.path.join(place, name)
            relative = os.path.relpath(path, folder)
            count += 1
            if os.path.islink(path):
                problems.append(f"{relative} is a link")
                continue
            folded = unicodedata.normalize("NFKC", relative).lower()
            if folded in seen:
                problems.append(f"{relative} and {seen[folded]} differ only in case")
            seen[folded] = relative
            if name in files:
                total += os.path.getsize(path)
                problems.extend(script_problems(path, relative))
    if total > MAX_BYTES:
        problems.append(f"the files have {total} bytes; at most {MAX_BYTES}")
    if count > MAX_FILES:
        problems.append(f"there are {count} files and folders; at most {MAX_FILES}")
    return problems


def script_problems(path, relative):
    if not relative.endswith(".py"):
        return
    with open(path, "rb") as file:
        source = file.read()
    try:
        compile(source, relative, "exec")
    except (SyntaxError, ValueError) as error:
        yield f"{relative} is not valid Python: {error}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    args = parser.parse_args()
    document = os.path.join(args.folder, "SKILL.md")
    if not os.path.isfile(document):
        sys.exit(f"there is no {document}")
    with open(document, "rb") as file:
        raw = file.read()
    problems = [f"SKILL.md has {len(raw)} bytes; at most {MAX_DOCUMENT}"] if len(raw) > MAX_DOCUMENT else []
    try:
        problems += document_problems(raw.decode("utf-8"), args.folder)
    except UnicodeDecodeError:
        problems.append("SKILL.md is not valid UTF-8")
    problems += file_problems(args.folder)
    print("\n".join(problems) if problems else "no problems found")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
