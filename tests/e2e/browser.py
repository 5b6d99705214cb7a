#!/usr/bin/env python3
"""A headless Chromium in front of the server, driven over WebDriver.

  browser.py CASE URL DIR     runs one case against the pages at URL; DIR is for the browser's profile and
                              for screenshots; exit 1 with what was wrong

  browse     click into a folder, up again by the trail, open a file, see the README
  sort       by size and by date through the heads of the columns, both ways
  odd        every file with an odd name opens by a click and says its own name
  plain      the same walk with scripts turned off
  looks      no horizontal scroll bar, on a desk or a telephone, light or dark; screenshots of all four
  status     /status under load: charts move, nothing is kept out by its policy, it can be paused, and read without
             scripts; screenshots as of `looks`
  film       makes film.webm in DIR: frames are drawn in the browser, nothing else is needed
  video      plays it, seeks to the middle, near the end, and lets it end

The browser finds no host but 127.0.0.1.
"""

import base64
import contextlib
import json
import os
import struct
import subprocess
import sys
import time
import urllib.parse
import urllib.request

SECONDS = 60  # a bound for a machine that has other things to do
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
ARGUMENTS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --disable-dev-shm-usage --disable-extensions --hide-scrollbars=false
    --window-size=1200,800""".split()


def wait_for(what, look):
    end = time.monotonic() + SECONDS
    while not (result := look()):
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.05)
    return result


def same(wanted, got, what):
    assert wanted == got, f"{what}\nwanted: {wanted!r}\ngot:    {got!r}"


class Browser:
    """What a case needs of https://www.w3.org/TR/webdriver/, and Chromium's own protocol behind cdp()."""

    def __init__(self, driver_port, profile):
        self.at = f"http://127.0.0.1:{driver_port}/session"
        only_here = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        options = {"args": [*ARGUMENTS, only_here, f"--user-data-dir={profile}"]}
        wanted = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}
        self.at += "/" + self.ask("POST", "", {"capabilities": wanted})["sessionId"]

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.at + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=2 * SECONDS) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as e:
            raise AssertionError(json.load(e)["value"]["message"]) from None

    def close(self):
        self.ask("DELETE", "")

    def get(self, url):
        self.ask("POST", "/url", {"url": url})

    def run(self, script, *args):
        return self.ask("POST", "/execute/sync", {"script": script, "args": args})

    def cdp(self, command, **params):
        return self.ask("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def path(self):
        return urllib.parse.unquote(urllib.parse.urlsplit(self.ask("GET", "/url")).path)

    def click(self, script, *args):
        """Clicks what the script returns, and waits for the page behind it."""
        target = self.run(script, *args)
        assert target, f"nothing to click: {script} {args}"
        self.ask("POST", f"/element/{target[ELEMENT]}/click", {})
        wait_for("the page", lambda: self.run("return document.readyState") == "complete")

    def click_name(self, name):
        self.click("return [...document.querySelectorAll('td a')].find(a => a.textContent == arguments[0])", name)

    def names(self):
        return self.run("return [...document.querySelectorAll('td a')].map(a => a.textContent)")

    def text(self):
        return self.run("return document.body.innerText")

    def screenshot(self, path):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.ask("GET", "/screenshot")))


# ---- cases ---------------------------------------------------------------------------------------


def browse(browser, url, _):
    browser.get(url)
    same("/", browser.path(), "the first page")
    browser.click_name("folder/")
    same("/folder/", browser.path(), "into the folder")
    browser.click_name("deep er/")
    same("/folder/deep er/", browser.path(), "deeper")
    browser.click("return document.querySelectorAll('nav a')[1]")
    same("/folder/", browser.path(), "up by the trail")
    assert "what this folder is for" in browser.text(), "no README: " + browser.text()
    same(0, browser.run("return document.querySelectorAll('pre b').length"), "README as text")
    browser.click_name("note.txt")
    same("a note", browser.text().strip(), "the file")
    browser.ask("POST", "/back", {})
    same("/folder/", browser.path(), "back")
    browser.click("return document.querySelectorAll('nav a')[0]")
    same("/", browser.path(), "home by the trail")


def files_in_order(browser):
    return [name for name in browser.names() if not name.endswith("/")]


def sort(browser, url, _):
    by = lambda n: browser.click("return document.querySelectorAll('th a')[arguments[0]]", n)
    browser.get(url + "sorted/")
    same(["large-old.txt", "middle-new.txt", "small-middle.txt"], files_in_order(browser), "by name at first")
    for column, ascending in (
        (1, ["small-middle.txt", "middle-new.txt", "large-old.txt"]),
        (2, ["large-old.txt", "small-middle.txt", "middle-new.txt"]),
        (0, ["large-old.txt", "middle-new.txt", "small-middle.txt"]),
    ):
        by(column)
        first = files_in_order(browser)
        assert first in (ascending, ascending[::-1]), f"column {column}: {first}"
        by(column)
        same(first[::-1], files_in_order(browser), f"column {column}, turned around")
        same("a/", browser.names()[1], "folders stay first")


def odd(browser, url, _):
    browser.get(url + "odd/")
    links = browser.run("return [...document.querySelectorAll('td a')].map(a => a.getAttribute('href'))")
    files = [link for link in links if link != "../"]
    assert len(files) >= 10, links
    for link in files:
        browser.get(url + "odd/")
        browser.click("return [...document.querySelectorAll('td a')].find(a => a.getAttribute('href') == arguments[0])", link)
        same(urllib.parse.unquote(link.removeprefix("./")), browser.text().strip(), f"behind {link}")
        same("/odd/" + urllib.parse.unquote(link.removeprefix("./")), browser.path(), f"behind {link}")


def plain(browser, url, directory):
    browser.cdp("Emulation.setScriptExecutionDisabled", value=True)
    browse(browser, url, directory)
    sort(browser, url, directory)


def looks(browser, url, directory):
    for width, device in ((1200, "desk"), (360, "telephone")):
        browser.cdp(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500
        )
        for scheme in "light", "dark":
            browser.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            for page in "folder", "odd":
                browser.get(f"{url}{page}/")
                browser.screenshot(f"{directory}/{page}-{device}-{scheme}.png")
                wide = browser.run("return [document.documentElement.scrollWidth, window.innerWidth]")
                assert wide[0] <= width and wide[1] <= width, f"{page}, {device}: {wide} of {width} pixels"
                color = browser.run("""const c = document.createElement('canvas').getContext('2d');
                    c.fillStyle = getComputedStyle(document.body).color; return c.fillStyle""")
                bright = int(color[1:3], 16) > 127
                same(scheme == "dark", bright, f"letters on {scheme} are {color}: bright")


# ---- the status page -----------------------------------------------------------------------------


def value(browser, name):
    return browser.run("return document.getElementById(arguments[0]).textContent", name)


def drawn(browser):
    """Each chart has a line or an area of more than one point."""
    return browser.run("""return [...document.querySelectorAll('#charts svg')].every(
        (svg) => [...svg.querySelectorAll('path')].some((path) => path.getTotalLength() > 4))""")


def watch_status(browser, url):
    browser.get(url)
    wait_for("the page to be live", lambda: value(browser, "state") == "live")
    wait_for("requests to come in", lambda: value(browser, "requests").endswith("/s") and value(browser, "requests") != "0/s")
    wait_for("the charts", lambda: drawn(browser))
    assert len(browser.run("return [...document.querySelectorAll('#workers tr')].map((r) => r.textContent)")) == 4
    complaints = [entry["message"] for entry in browser.ask("POST", "/se/log", {"type": "browser"})]
    same([], complaints, "what the browser complains of")


def pause_status(browser):
    press = "document.getElementById('pause').click(); return document.getElementById('pause').textContent"
    same("Go on", browser.run(press), "the button")
    same("paused", value(browser, "state"), "the state")
    before = browser.run("return answers[answers.length - 1].now")
    time.sleep(1.5)  # longer than from one answer to the next
    same(before, browser.run("return answers[answers.length - 1].now"), "the last answer while paused")
    browser.run(press)
    wait_for("it to go on", lambda: browser.run("return answers[answers.length - 1].now") > before)


def status(browser, url, directory):
    url += "status"
    for width, device in ((1280, "desk"), (360, "telephone")):
        browser.cdp(
            "Emulation.setDeviceMetricsOverride", width=width, height=1200, deviceScaleFactor=1, mobile=width < 500
        )
        for scheme in "light", "dark":
            browser.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            watch_status(browser, url)
            browser.screenshot(f"{directory}/status-{device}-{scheme}.png")
            wide = browser.run("return document.documentElement.scrollWidth")
            assert wide <= width, f"{device}: {wide} of {width} pixels"
    pause_status(browser)
    browser.cdp("Emulation.setScriptExecutionDisabled", value=True)
    browser.get(url)
    text = browser.text()
    for wanted in "Server status", "since the start", "Without a script", "ready", "Recent events":
        assert wanted in text, f"without scripts there is no '{wanted}' in: {text}"


# ---- a film --------------------------------------------------------------------------------------

FRAMES = 200
FRAME_MS = 100
WIDTH, HEIGHT = 640, 360

# Noise, so that frames are large and the browser can not have the whole film in its buffer at once.
DRAW = """
const [n, width, height] = arguments, canvas = document.createElement('canvas');
canvas.width = width; canvas.height = height;
const c = canvas.getContext('2d', { alpha: false }), picture = c.createImageData(width, height);
let seed = n + 1;
for (let i = 0; i < picture.data.length; i++) {
  seed = (seed * 1103515245 + 12345) & 0x7fffffff;
  picture.data[i] = i % 4 == 3 ? 255 : seed >> 16;
}
c.putImageData(picture, 0, 0);
return canvas.toDataURL('image/webp', 0.9);
"""


def key_frame(webp):
    """A lossy WebP picture is a VP8 key frame in a RIFF file."""
    at = 12
    while at < len(webp):
        name, size = struct.unpack_from("<4sI", webp, at)
        if name == b"VP8 ":
            return webp[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    raise AssertionError("no VP8 frame in the picture")


def ebml(name, *content):
    """An element of a Matroska file: its id, eight bytes of length, and numbers, text, or elements."""
    body = b"".join(
        struct.pack(">Q", c) if isinstance(c, int) else struct.pack(">d", c) if isinstance(c, float) else c
        for c in content
    )
    return bytes.fromhex(name) + (1 << 56 | len(body)).to_bytes(8, "big") + body


def webm(frames):
    """A cluster and a cue for each frame."""
    head = ebml("1A45DFA3", ebml("4282", b"webm"), ebml("4287", 2), ebml("4285", 2))
    info = ebml(
        "1549A966", ebml("2AD7B1", 1000000), ebml("4489", float(len(frames) * FRAME_MS)),
        ebml("4D80", b"browser.py"), ebml("5741", b"browser.py"),
    )  # fmt: skip
    video = ebml("E0", ebml("B0", WIDTH), ebml("BA", HEIGHT))
    track = ebml("AE", ebml("D7", 1), ebml("73C5", 1), ebml("83", 1), ebml("86", b"V_VP8"), video)
    tracks = ebml("1654AE6B", track)
    clusters = [
        ebml("1F43B675", ebml("E7", i * FRAME_MS), ebml("A3", b"\x81\x00\x00\x80" + frame))
        for i, frame in enumerate(frames)
    ]

    def cues(at):
        points = []
        for i, cluster in enumerate(clusters):
            points.append(ebml("BB", ebml("B3", i * FRAME_MS), ebml("B7", ebml("F7", 1), ebml("F1", at))))
            at += len(cluster)
        return ebml("1C53BB6B", *points)

    # All numbers have eight bytes: the cues are as long whatever they say.
    index = cues(len(info) + len(tracks) + len(cues(0)))
    return head + ebml("18538067", info, tracks, index, *clusters)


def film(browser, _, directory):
    browser.get("about:blank")
    pictures = [browser.run(DRAW, i, WIDTH, HEIGHT) for i in range(10)]
    frames = [key_frame(base64.b64decode(p.split(",")[1])) for p in pictures]
    with open(f"{directory}/film.webm", "wb") as f:
        f.write(webm([frames[i % len(frames)] for i in range(FRAMES)]))


def video(browser, url, _):
    # Every seek shall come to the server.
    browser.cdp("Network.enable")
    browser.cdp("Network.setCacheDisabled", cacheDisabled=True)
    browser.get(url + "video.html")
    v = lambda what: browser.run(f"const v = document.querySelector('video'); {what}")
    error = "return v.error && v.error.message"
    wait_for("the film's length", lambda: v(error) or v("return v.readyState >= 1"))
    same(None, v(error), "the film opens")
    length = FRAMES * FRAME_MS / 1000
    same(length, round(v("return v.duration"), 1), "length")
    v("window.seeks = 0; v.muted = true; v.addEventListener('seeked', () => window.seeks++); v.play()")
    wait_for("it plays", lambda: v("return v.currentTime > 0.3 && !v.paused"))
    for n, to in enumerate((length / 2, length - 1, 1, length - 0.5), 1):
        v(f"v.currentTime = {to}")
        wait_for(f"it seeks to {to}", lambda: v(f"return window.seeks >= {n} && !v.seeking && v.readyState >= 2"))
        now = v("return v.currentTime")
        assert now >= to, f"at {now}, not at {to}"
        same(None, v(error), f"at {to}")
    v("v.play()")
    wait_for("it ends", lambda: v("return v.ended"))
    same(length, round(v("return v.currentTime"), 1), "the end")


# ---- running -------------------------------------------------------------------------------------

CASES = {f.__name__: f for f in (browse, sort, odd, plain, looks, status, film, video)}


@contextlib.contextmanager
def driver(home):
    """chromedriver on a port of the kernel's choice; it and its browser are gone afterwards."""
    os.makedirs(home)
    environment = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home, "TMPDIR": home}
    process = subprocess.Popen(
        ["chromedriver", "--port=0"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
    )  # fmt: skip
    try:
        for line in process.stdout:
            if "started successfully on port" in line:
                yield line.split()[-1].rstrip(".")
                break
        else:
            raise AssertionError("chromedriver does not start")
    finally:
        process.terminate()
        process.wait()


def main(case, url, directory):
    with driver(f"{directory}/home-{case}") as port:
        browser = Browser(port, f"{directory}/profile-{case}")
        try:
            CASES[case](browser, url, directory)
        finally:
            browser.close()


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in CASES:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except AssertionError as e:
        sys.exit(f"{sys.argv[1]}: {e}")
