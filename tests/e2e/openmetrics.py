#!/usr/bin/env python3
"""openmetrics.py - reads OpenMetrics 1.0 from standard input, strictly, and says what is wrong with it.

Without an argument it only checks; `names` prints the samples' names, `total NAME [LABEL=VALUE...]` the sum of all
samples of that name with these labels.
"""

import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{((?:{LABEL})(?:,{LABEL})*)\}})? (\S+)\Z")
SUFFIXES = {
    "counter": ("_total",),
    "gauge": ("",),
    "info": ("_info",),
    "histogram": ("_bucket", "_sum", "_count"),
}


class Wrong(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Wrong(what)


def read_sample(line, family, kind):
    match = SAMPLE.match(line)
    need(match, f"not a sample: {line!r}")
    name, labels, value = match.groups()
    need(name in [family + suffix for suffix in SUFFIXES[kind]], f"{name} is none of {family} ({kind})")
    labels = dict(re.findall(r'([^=,]+)="((?:[^"\\]|\\.)*)"', labels or ""))
    number = float(value)
    need(kind == "gauge" or number >= 0, f"negative: {line!r}")
    return name, labels, number


def check_histogram(family, samples):
    """Of each series: cumulative buckets with rising bounds, the last of which is the count."""
    series = {}
    for name, labels, value in samples:
        key = tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
        series.setdefault(key, []).append((name[len(family) :], labels.get("le"), value))
    for key, rows in series.items():
        buckets = [(float(le), value) for suffix, le, value in rows if suffix == "_bucket"]
        need(buckets == sorted(buckets), f"{family}{key}: bounds or counts do not rise")
        need([v for _, v in buckets] == sorted(v for _, v in buckets), f"{family}{key}: counts do not rise")
        need(buckets[-1][0] == float("inf"), f"{family}{key}: no bucket for all")
        need([v for s, _, v in rows if s == "_count"] == [buckets[-1][1]], f"{family}{key}: count differs")
        need(sum(s == "_sum" for s, _, _ in rows) == 1, f"{family}{key}: no sum")


def read(text):
    need(text.endswith("\n# EOF\n"), "no # EOF at the end")
    families, samples, family, kind = set(), [], None, None
    for line in text[: -len("# EOF\n")].splitlines():
        words = line.split(" ", 3)
        if words[:2] == ["#", "HELP"]:
            need(words[2] not in families, f"{words[2]} comes twice")
            family = words[2]
            families.add(family)
            need(len(words) == 4, f"no help: {line!r}")
        elif words[:2] == ["#", "TYPE"]:
            need(words[2] == family and words[3] in SUFFIXES, f"not expected: {line!r}")
            kind = words[3]
        else:
            samples.append((family, kind, *read_sample(line, family, kind)))
    seen = set()
    for _, _, name, labels, _ in samples:
        key = (name, tuple(sorted(labels.items())))
        need(key not in seen, f"{key} comes twice")
        seen.add(key)
    for name in {f for f, k, *_ in samples if k == "histogram"}:
        check_histogram(name, [(n, l, v) for f, _, n, l, v in samples if f == name])
    return samples


def main():
    samples = read(sys.stdin.read())
    command, *words = sys.argv[1:] or ["check"]
    if command == "names":
        print("\n".join(sorted({name for _, _, name, _, _ in samples})))
    elif command == "total":
        wanted = dict(word.split("=", 1) for word in words[1:])
        matching = [v for _, _, n, l, v in samples if n == words[0] and wanted.items() <= l.items()]
        print(f"{sum(matching):.15g}")


try:
    main()
except Wrong as error:
    sys.exit(f"not OpenMetrics: {error}")
