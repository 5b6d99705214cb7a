"""tap.py - what the lint programs share: results in TAP, and the files they look at."""

import os
import sys

TOP = os.environ.get("TEST_TOP") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
)

_count = 0
_failed = False


def check(name, complaints):
    """One test: it holds if there is nothing to complain about."""
    global _count, _failed
    _count += 1
    _failed = _failed or bool(complaints)
    print(f"{'not ok' if complaints else 'ok'} {_count} - {name}")
    for line in complaints:
        print(f"# {line}")


def skip(name, reason):
    global _count
    _count += 1
    print(f"ok {_count} - {name} # SKIP {reason}")


def done():
    print(f"1..{_count}")
    sys.exit(1 if _failed else 0)


def files(folder, *endings):
    """Paths below folder, relative to the top, in order."""
    found = []
    for where, folders, names in os.walk(os.path.join(TOP, folder)):
        folders.sort()
        for name in sorted(names):
            if name.endswith(endings):
                found.append(os.path.relpath(os.path.join(where, name), TOP))
    return found


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()
