#!/usr/bin/env python3
"""text.py - what holds for every file: clean white space, nothing unfinished, no place of one machine."""

import os
import re

import tap

FOLDERS = ("src", "tests", "man", "etc", "init")
LOOSE = ("bootstrap", ".ci/run", "configure.ac", "Makefile.am", "README.md", "HACKING.md", "ChangeLog.md", "LICENSE")
ENDINGS = (".c", ".h", ".py", ".sh", ".bash", ".bats", ".in", ".am", ".md", ".html", ".css", ".5", ".8", "run")

UNFINISHED = re.compile(r"\b(" + "|".join(("TO" "DO", "FIX" "ME", "XX" "X")) + r")\b")
# A home directory, and wherever this checkout lies, unless that is a place that every machine has.
COMMON = ("/", "/opt", "/root", "/srv", "/tmp", "/usr/local/src", "/usr/src", "/var/tmp")
LAIR = tap.TOP if os.path.dirname(tap.TOP) in COMMON else os.path.dirname(tap.TOP)
FOREIGN = re.compile(r"/home/\w|/Users/\w|" + re.escape(LAIR) + "/")


def all_files():
    loose = [f for f in LOOSE if os.path.exists(os.path.join(tap.TOP, f))]
    return loose + [f for folder in FOLDERS for f in tap.files(folder, *ENDINGS) if "/corpus/" not in f]


def lines_with(texts, pattern):
    return [
        f"{path}:{number}: {line.strip()}"
        for path, text in texts.items()
        for number, line in enumerate(text.split("\n"), 1)
        if pattern.search(line)
    ]


def main():
    texts = {path: tap.read(path) for path in all_files()}
    code = {path: text for path, text in texts.items() if path.endswith((".c", ".h"))}
    tap.check("no white space at line ends", lines_with(texts, re.compile(r"[ \t\r]$")))
    tap.check("no spaces before tabs", lines_with(texts, re.compile(r"^ +\t")))
    tap.check("code is indented with tabs", lines_with(code, re.compile(r"^ {8}")))
    tap.check("files end with one newline", [p for p, t in texts.items() if not re.search(r"[^\n]\n\Z", t)])
    tap.check("nothing is marked as unfinished", lines_with(texts, UNFINISHED))
    tap.check("no path of one machine", lines_with(texts, FOREIGN))
    tap.done()


main()
