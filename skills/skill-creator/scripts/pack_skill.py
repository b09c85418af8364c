#!/usr/bin/env python3
"""Packs the folder of a skill into a zip archive that can be uploaded."""

import argparse
import os
import subprocess
import sys
import zipfile

LEFT_OUT = {"__pycache__", ".git", "node_modules"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    folder = os.path.abspath(args.folder)
    checker = os.path.join(os.path.dirname(os.path.abspath(__file__)), "check_skill.py")
    if subprocess.run([sys.executable, checker, folder]).returncode != 0:
        sys.exit("not packed: put these problems right first")
    name, count = os.path.basename(folder), 0
    with zipfile.ZipFile(args.out, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, folders, files in os.walk(folder):
            folders[:] = sorted(entry for entry in folders if entry not in LEFT_OUT)
            for entry in sorted(files):
                path = os.path.join(place, entry)
                if os.path.abspath(path) == os.path.abspath(args.out):
                    continue
                # Write keeps the execute bits.
                archive.write(path, os.path.join(name, os.path.relpath(path, folder)))
                count += 1
    print(f"{args.out}: {count} files, {os.path.getsize(args.out)} bytes")


if __name__ == "__main__":
    main()
