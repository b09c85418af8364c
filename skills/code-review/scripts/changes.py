#!/usr/bin/env python3
"""Lists what changed in a git repository, and points at places that deserve a look."""

import argparse
import json
import re
import subprocess
import sys

LARGE = 500_000
HINTS = [
    ("conflict marker", re.compile(r"^(<{7} |={7}$|>{7} )")),
    ("leftover of debugging", re.compile(r"\b(console\.log|debugger\b|print\(|pdb\.set_trace|breakpoint\(\)|dbg!|var_dump|fmt\.Print)")),
    ("test that is switched off or alone", re.compile(r"\b(it|describe|test)\.(only|skip)\b|@(pytest\.mark\.)?skip|\bt\.Skip\(")),
    ("may be a secret", re.compile(r"(?i)(api[_-]?key|secret|passw(or)?d|token)\w*\s*[:=]\s*['\"][^'\"\s]{12,}['\"]|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b")),
    ("error is swallowed", re.compile(r"except[^:]*:\s*(pass)?\s*$|catch\s*(\([^)]*\))?\s*\{\s*\}")),
    ("command or code is built from text", re.compile(r"\b(eval|exec)\(|shell\s*=\s*True|os\.system\(|innerHTML\s*=|dangerouslySetInnerHTML")),
    ("certificate is not checked", re.compile(r"verify\s*=\s*False|rejectUnauthorized\s*:\s*false|InsecureSkipVerify\s*:\s*true")),
    ("note to self", re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")),
]
TEST_FILE = re.compile(r"(^|/)(tests?|__tests__|spec)/|(^|/)test_[^/]+$|[._-](test|spec)\.[^/]+$|_test\.[^/]+$")
CODE_FILE = re.compile(r"\.(c|cc|cpp|cs|go|h|hpp|java|js|jsx|kt|mjs|php|pl|py|rb|rs|scala|sh|swift|ts|tsx|vue)$")


def git(*arguments):
    result = subprocess.run(["git", "-c", "core.quotePath=false", *arguments], capture_output=True)
    if result.returncode != 0:
        sys.exit(f"git {arguments[0]} failed: {result.stderr.decode('utf-8', 'replace').strip()}")
    return result.stdout.decode("utf-8", "replace")


def changed_files(diff):
    """Each changed file with its added lines as (number, text), and the count of removed ones."""
    files, current, number, in_hunk = [], None, 0, False
    for line in diff.split("\n"):
        if line.startswith("diff --git "):
            current = {"path": line.split(" b/", 1)[-1], "status": "changed", "added": [], "removed": 0, "binary": False}
            files.append(current)
            in_hunk = False
        elif current is None:
            continue
        elif line.startswith("@@ "):
            number = int(re.match(r"@@ -\d+(?:,\d+)? \+(\d+)", line)[1])
            in_hunk = True
        elif in_hunk and line.startswith("+"):
            current["added"].append((number, line[1:]))
            number += 1
        elif in_hunk and line.startswith("-"):
            current["removed"] += 1
        elif in_hunk and line.startswith(" "):
            number += 1
        elif line.startswith("new file"):
            current["status"] = "new"
        elif line.startswith("deleted file"):
            current["status"] = "deleted"
        elif line.startswith("rename to "):
            current["status"], current["path"] = "renamed", line[len("rename to ") :]
        elif line.startswith("Binary files"):
            current["binary"] = True
    return files


def untracked():
    """Files that git does not know yet are changes too."""
    for path in git("ls-files", "--others", "--exclude-standard", "-z").split("\0"):
        if not path:
            continue
        with open(path, "rb") as file:
            raw = file.read(LARGE + 1)
        binary = b"\0" in raw[:8000]
        lines = [] if binary else raw.decode("utf-8", "replace").splitlines()
        added = list(enumerate(lines, start=1))
        yield {"path": path, "status": "untracked", "added": added, "removed": 0, "binary": binary, "large": len(raw) > LARGE}


def hints_in(file):
    for number, text in file["added"]:
        for meaning, pattern in HINTS:
            if meaning == "leftover of debugging" and TEST_FILE.search(file["path"]):
                continue
            if pattern.search(text):
                # A line that may hold a secret is named, never shown.
                shown = "" if meaning == "may be a secret" else f": {text.strip()[:100]}"
                yield f"{file['path']}:{number}: {meaning}{shown}"
    if file["binary"]:
        yield f"{file['path']}: binary file"
    if file.get("large") or sum(len(text) for _, text in file["added"]) > LARGE:
        yield f"{file['path']}: very large"


def spans(numbers):
    found = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in found)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("range", nargs="?", help="commits such as main..HEAD; uncommitted work when left out")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if args.range and args.range.startswith("-"):
        parser.error("a range does not start with a hyphen")
    if args.range:
        span = args.range if ".." in args.range else f"{args.range}^!"
        files = changed_files(git("diff", "--no-color", "--no-ext-diff", "--find-renames", "--unified=0", span, "--"))
    else:
        git("rev-parse", "--is-inside-work-tree")
        root = git("rev-parse", "--show-toplevel").strip()
        base = subprocess.run(["git", "rev-parse", "--verify", "--quiet", "HEAD"], capture_output=True).returncode == 0
        diff = git("-C", root, "diff", "--no-color", "--no-ext-diff", "--find-renames", "--unified=0", *(["HEAD"] if base else ["--cached"]), "--")
        files = changed_files(diff) + list(untracked())
    hints = [hint for file in files for hint in hints_in(file)]
    code = [file for file in files if CODE_FILE.search(file["path"]) and file["status"] != "deleted"]
    if any(not TEST_FILE.search(file["path"]) for file in code) and not any(TEST_FILE.search(file["path"]) for file in code):
        hints.append("code is changed, and no test is")
    if args.json:
        shown = [{**file, "added": spans([number for number, _ in file["added"]])} for file in files]
        print(json.dumps({"files": shown, "hints": hints}, ensure_ascii=False, indent=2))
        return
    if not files:
        print("nothing is changed")
        return
    added = sum(len(file["added"]) for file in files)
    print(f"{len(files)} files, {added} lines added, {sum(file['removed'] for file in files)} removed\n")
    for file in files:
        lines = spans([number for number, _ in file["added"]])
        print(f"{file['path']} ({file['status']}, +{len(file['added'])} -{file['removed']}){': lines ' + lines if lines else ''}")
    if hints:
        print("\nLook at:\n" + "\n".join(f"- {hint}" for hint in hints))


if __name__ == "__main__":
    main()
