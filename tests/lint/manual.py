#!/usr/bin/env python3
"""manual.py - the manual and the program know the same keys, options and signals."""

import os
import re
import subprocess

import tap

HTTPD = os.environ.get("HTTPD") or os.path.join(tap.TOP, "build", "httpd")


def httpd(*options):
    return subprocess.run([HTTPD, *options], capture_output=True, text=True, check=True).stdout


def section(page, name):
    """The text of one .Sh of a page."""
    return re.search(rf'^\.Sh "?{name}"?\n(.*?)(?=^\.Sh |\Z)', tap.read(page), re.M | re.S)[1]


def same(name, program, manual):
    tap.check(
        f"{name} of the program and of the manual are the same",
        [f"not in the manual: {x}" for x in sorted(program - manual)]
        + [f"not in the program: {x}" for x in sorted(manual - program)],
    )


def options_of_help():
    return set(re.findall(r"(?:^|\s)(--?[a-zA-Z][\w-]*)", "\n".join(
        line[:10] + line[10:].split("  ")[0] for line in httpd("--help").splitlines() if line.startswith("  ")
    )))


def options_of_manual():
    items = re.findall(r"^\.It (Fl .*)$", section("man/httpd.8", "DESCRIPTION"), re.M)
    return {"-" + option for item in items for option in re.findall(r"Fl (\S+)", item)}


def signals_of_source():
    table = re.findall(r"\{ (SIG\w+), ORDER_\w+ \}", tap.read("src/process/signals.c"))
    return set(table) - {"SIGCHLD"}  # the kernel's, not an operator's


def signals_of_manual():
    items = re.findall(r"^\.It Dv (.*?) Ta", section("man/httpd.8", "SIGNALS"), re.M)
    return {name for item in items for name in item.split(" , ")}


def keys_of_program():
    return {line.split("\t")[0] for line in httpd("--list-keys").splitlines()}


def main():
    same("options", options_of_help(), options_of_manual())
    same("signals", signals_of_source(), signals_of_manual())
    tap.done()


main()
