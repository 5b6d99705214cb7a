#!/usr/bin/env python3
"""sizes.py - files, headers, functions and parameter lists stay small enough to be read."""

import re

import tap

FILE_LINES = 600
HEADER_LINES = 199
FUNCTION_LINES = 80
PARAMETERS = 5


def functions(text):
    """(first line's number, signature, lines of the body) of each; KNF has both braces in column 0."""
    lines = text.split("\n")
    start = None
    for i, line in enumerate(lines):
        if line == "{":
            start = i
        elif line == "}" and start is not None:
            yield start + 1, signature(lines, start), i - start + 1
            start = None


def signature(lines, brace):
    first = brace
    while first > 0 and not re.search(r"[;}/]$|^#|^$", lines[first - 1]):
        first -= 1
    return " ".join(line.strip() for line in lines[first:brace])


def parameters(signature_text):
    """How many there are in the last parenthesis at depth 0, that of the function."""
    depth, commas, text = 0, 0, ""
    for c in re.sub(r"__attribute__\s*\(\(.*?\)\)", "", signature_text):
        if c == "(":
            depth += 1
            if depth == 1:
                commas, text = 0, ""
                continue
        elif c == ")":
            depth -= 1
        if depth == 1 and c == ",":
            commas += 1
        if depth >= 1:
            text += c
    return 0 if text.strip() in ("", "void") else commas + 1


def is_prescribed(signature_text, file_text):
    """A callback of a library has as many as the library gives it."""
    if "nghttp2_session *session," in signature_text:
        return True
    return re.search(r"\bon_\w+\(SSL \*", signature_text) and "SSL_CTX_set_" in file_text


def main():
    sources = {f: tap.read(f) for f in tap.files("src", ".c", ".h")}
    long_files, long_functions, many_parameters = [], [], []
    for path, text in sources.items():
        most = HEADER_LINES if path.endswith(".h") else FILE_LINES
        lines = text.count("\n")
        if lines > most:
            long_files.append(f"{path}: {lines} lines, at most {most}")
        for line, head, length in functions(text):
            if length > FUNCTION_LINES:
                long_functions.append(f"{path}:{line}: {length} lines, at most {FUNCTION_LINES}: {head}")
            if parameters(head) > PARAMETERS and not is_prescribed(head, text):
                many_parameters.append(f"{path}:{line}: {parameters(head)} parameters: {head}")
    tap.check(f"files have at most {FILE_LINES} lines, headers {HEADER_LINES}", long_files)
    tap.check(f"functions have at most {FUNCTION_LINES} lines", long_functions)
    tap.check(f"functions have at most {PARAMETERS} parameters", many_parameters)
    tap.done()


main()
