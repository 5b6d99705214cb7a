#!/usr/bin/env python3
"""manual.py - the manual and the program know the same keys, options, signals and variables, and what the
manual shows as an example is a configuration."""

import os
import re
import subprocess
import tempfile

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


def without_groups(keys):
    """A key whose value is a group is described by the keys in it."""
    groups = {name.rpartition(".")[0] for name in keys}
    return {f"{name} {default}".strip() for name, default in keys.items() if name.rpartition(".")[2] not in groups}


def keys_of_program():
    rows = (line.split("\t") for line in httpd("--list-keys").splitlines())
    return without_groups({row[0]: row[-1] for row in rows})


def keys_of_manual():
    """Of `.It Ic limits.uri Pq size , default Cm 8k` the name and the default."""
    items = re.findall(r"^\.It Ic ([a-z][\w.]*) Pq (.*)$", tap.read("man/httpd.conf.5"), re.M)
    defaults = {name: re.search(r"default Cm (.*)$", rest) for name, rest in items}
    return without_groups({name: found[1].replace(" , ", ",").replace(" No ", " ") if found else "" for name, found in defaults.items()})


def variables_of_program():
    return set(re.findall(r'^\t\{ "(\w+)", get_\w+, ', tap.read("src/app/template.c"), re.M))


def variables_of_manual():
    """Without those that stand for many: ${http_NAME}."""
    items = re.findall(r"^\.It Ic (\$\{.*)$", tap.read("man/httpd.conf.5"), re.M)
    return {name for item in items for name in re.findall(r"\$\{([a-z_]+)\}", item)}


def examples():
    """Line and text of each literal block that sets something; one that begins with a brace is of routes."""
    page = tap.read("man/httpd.conf.5")
    for block in re.finditer(r"^\.Bd -literal.*\n((?:[^.].*\n|\n)*)\.Ed$", page, re.M):
        text = block[1].replace("\\e", "\\").strip()
        if re.match(r"[{\w]", text) and " = " in text and text[-1] in ";,}":
            yield page[: block.start(1)].count("\n") + 1, text


# What an example cannot know: the files of this machine, and what this program was built with.
ELSEWHERE = re.compile(
    r"warning: |No such file|no such user|no such group|belongs in|built (in|without)|asks nobody for a certificate"
)


def complaints_of(line, text, folder):
    if text.startswith("{"):
        text = f'sites = ( {{ root = "{folder}"; routes = (\n{text.rstrip(",;")}\n); }} );'
    path = os.path.join(folder, "httpd.conf")
    with open(path, "w", encoding="utf-8") as out:
        out.write(text + "\n")
    said = subprocess.run([HTTPD, "--test", "-c", path], capture_output=True, text=True, check=False).stderr
    return [f"man/httpd.conf.5:{line}: {x}" for x in said.splitlines() if not ELSEWHERE.search(x)]


def check_examples():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        found = [complaint for line, text in examples() for complaint in complaints_of(line, text, folder)]
    tap.check("the examples of the manual are configurations", found)


def main():
    same("keys, with their defaults,", keys_of_program(), keys_of_manual())
    same("options", options_of_help(), options_of_manual())
    same("signals", signals_of_source(), signals_of_manual())
    same("variables", variables_of_program(), variables_of_manual())
    check_examples()
    tap.done()


main()
