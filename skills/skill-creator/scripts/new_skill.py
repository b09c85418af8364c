#!/usr/bin/env python3
"""Makes the folder of a new skill."""

import argparse
import json
import os
import re
import sys

TEMPLATE = """---
name: {name}
description: {description}
---
# {title}

## How to work

1. Say here what is done first, and by what one sees that it is done.
2. Then what comes next.

## What to hold to

- The mistakes that are usually made, and how to avoid them.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", help="lower-case letters, digits and hyphens")
    parser.add_argument("--description", required=True, help="what the skill does, and when to use it")
    parser.add_argument("--folder", default=".", help="where to make it")
    args = parser.parse_args()
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", args.name):
        sys.exit("a name is up to 64 lower-case letters, digits and hyphens, and starts with a letter or digit")
    place = os.path.join(args.folder, args.name)
    if os.path.exists(place):
        sys.exit(f"{place} is there already")
    os.makedirs(os.path.join(place, "scripts"))
    title = args.name.replace("-", " ").capitalize()
    # A JSON text is a quoted YAML text too, whatever it holds.
    description = json.dumps(" ".join(args.description.split()), ensure_ascii=False)
    with open(os.path.join(place, "SKILL.md"), "w", encoding="utf-8") as file:
        file.write(TEMPLATE.format(name=args.name, description=description, title=title))
    print(f"{place}/SKILL.md is ready to be written")


if __name__ == "__main__":
    main()
