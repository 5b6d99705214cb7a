#!/usr/bin/env python3
"""layers.py - includes go downward, as the table in src/README.md orders the folders."""

import os
import re

import tap

# Below them, and yet not theirs to know: engines and the application meet at http/app.h.
FORBIDDEN = {("http1", "app"), ("http2", "app"), ("http3", "app")}

# Who may include which library; what is not listed is the C library and the kernel.
LIBRARIES = {
    "libconfig.h": {"config", "version.c"},
    "openssl/": {"crypto", "tls"},
    "crypt.h": {"crypto"},
    "jansson.h": {"middleware", "version.c"},
    "nghttp2/": {"http2"},
    "pcre2.h": {"app"},
    "zlib.h": {"http"},
    "brotli/": {"http"},
    "zstd.h": {"http"},
    "hiredis/": {"middleware"},
}

TABLE_ROW = re.compile(r"^\d  ((?:[\w.]+ )*[\w.]+)(?:  |$)", re.M)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">]', re.M)


def ranks():
    """Folder or file -> its line in the table, counted from the bottom."""
    table = re.search(r"```\n(\d  .*?)```", tap.read("src/README.md"), re.S)
    rows = TABLE_ROW.findall(table[1])
    return {name: len(rows) - i for i, row in enumerate(rows) for name in row.split()}


def place(path):
    """What the table calls it: its folder, or its .c at the top of src."""
    folder, name = os.path.split(path)
    return folder or name.replace(".h", ".c")


def may_include(rank, user, used):
    if user == used or (user.endswith(".c") and used.endswith(".c")):
        return True
    return rank[used] < rank[user] and (user, used) not in FORBIDDEN


def complaint(rank, path, kind, header):
    user = place(path)
    if kind == "<":
        for library, users in LIBRARIES.items():
            if header.startswith(library) and user not in users:
                return f"src/{path}: <{header}> is for {', '.join(sorted(users))} only"
        return None
    if header == "config.h":
        return None
    if not os.path.exists(os.path.join(tap.TOP, "src", header)):
        return f'src/{path}: "{header}" is not there (names start below src/)'
    if place(header) not in rank:
        return f'src/{path}: "{header}" has no place in the table of src/README.md'
    if not may_include(rank, user, place(header)):
        return f'src/{path}: "{header}" is not below {user}'
    return None


def main():
    rank = ranks()
    sources = [os.path.relpath(f, "src") for f in tap.files("src", ".c", ".h")]
    unknown = sorted({place(f) for f in sources} - rank.keys())
    tap.check("every folder has its place in src/README.md", unknown)

    upward = []
    for path in sources:
        if place(path) in rank:
            for kind, header in INCLUDE.findall(tap.read(f"src/{path}")):
                upward.append(complaint(rank, path, kind, header))
    tap.check("includes go downward", [c for c in upward if c])

    lists = " ".join(tap.read(f) for f in tap.files("src", "Makefile.am")).split()
    unlisted = [f"src/{f}" for f in sources if f"src/{f}" not in lists]
    tap.check("every source is in a Makefile.am", unlisted)
    tap.done()


main()
