#!/usr/bin/env python3
"""Changes files at random below a server's root while reading them through the server.

Every file's content says what it is: lines of 32 bytes, each with the file's number and version. A change
is a new version by rename, an append of lines of the next version, a truncation, or a removal. A reader
asks for gzip or not, and knows which versions a file has had, so a response that mixes old and new
bytes, or is not as long as it promised, is seen.

  mutate.py URL ROOT FILES SECONDS     prints what was read and changed; exit 1 with the first findings
"""
import gzip
import http.client
import os
import random
import sys
import threading
import time
import urllib.parse

LINE = 32


def line(number, version):
    return f"{number:08d} {version:08d} {'.' * 13}\n".encode()


class Files:
    """What each file may be read as: the allowed contents, newest last, as (version list) per line."""

    def __init__(self, root, count):
        self.root, self.count = root, count
        self.locks = [threading.Lock() for _ in range(count)]
        # All states a file had: tuples of (version, lines) runs; None: it was not there.
        self.states = [[] for _ in range(count)]
        self.version = [0] * count
        for i in range(count):
            self.replace(i)

    def path(self, i):
        return os.path.join(self.root, f"{i % 100:02d}", f"{i}.txt")

    def replace(self, i):
        self.version[i] += 1
        lines = random.choice((1, 3, 40, 700, 9000))
        self.states[i].append(((self.version[i], lines),))
        os.makedirs(os.path.dirname(self.path(i)), exist_ok=True)
        temporary = self.path(i) + f".new{threading.get_ident()}"
        with open(temporary, "wb") as f:
            f.write(line(i, self.version[i]) * lines)
        os.rename(temporary, self.path(i))

    def append(self, i):
        state = self.states[i][-1]
        if state is None:
            return self.replace(i)
        self.version[i] += 1
        more = random.choice((1, 50, 3000))
        self.states[i].append(state + ((self.version[i], more),))
        with open(self.path(i), "ab", buffering=0) as f:
            f.write(line(i, self.version[i]) * more)

    def truncate(self, i):
        state = self.states[i][-1]
        if state is None:
            return self.replace(i)
        keep = random.randrange(sum(n for _, n in state) + 1)
        left, out = keep, []
        for version, n in state:
            if left > 0:
                out.append((version, min(n, left)))
                left -= n
        self.states[i].append(tuple(out))
        os.truncate(self.path(i), keep * LINE)

    def delete(self, i):
        if self.states[i][-1] is None:
            return self.replace(i)
        self.states[i].append(None)
        os.unlink(self.path(i))

    def had(self, i, body):
        """Whether it is a state's content, or what stands in the file while a line is being appended."""
        before = b""
        for state in self.states[i]:
            whole = b"".join(line(i, v) * n for v, n in state or ())
            if state is not None and body == whole:
                return True
            if before and whole.startswith(before) and len(body) > len(before) and whole.startswith(body):
                return True
            before = whole
        return False

    def change(self):
        i = random.randrange(self.count)
        with self.locks[i]:
            random.choice((self.replace, self.append, self.truncate, self.delete))(i)


class Reader(threading.Thread):
    def __init__(self, url, files, stop):
        super().__init__()
        self.url, self.files, self.stop = url, files, stop
        self.read = self.decoded = self.missing = self.cut = 0
        self.findings = []

    def decode(self, response, body):
        if response.headers["Content-Encoding"] != "gzip":
            return body
        self.decoded += 1
        return gzip.decompress(body)

    def get(self, conn, i):
        coding = random.choice(("gzip", "identity"))
        conn.request("GET", f"/{i % 100:02d}/{i}.txt", headers={"Accept-Encoding": coding})
        response = conn.getresponse()
        try:
            body = response.read()
        except http.client.IncompleteRead:
            self.cut += 1  # the honest answer to a file that changed on the way
            conn.close()
            return
        if response.status == 404:
            self.missing += 1
            if None not in self.files.states[i]:
                self.findings.append(f"{i}: 404 for a file that was always there")
            return
        self.read += 1
        if response.status != 200:
            self.findings.append(f"{i}: status {response.status}")
        elif len(body) != int(response.headers["Content-Length"]):
            self.findings.append(f"{i}: {len(body)} bytes of {response.headers['Content-Length']}")
        elif not self.files.had(i, self.decode(response, body)):
            self.findings.append(f"{i}: {len(body)} bytes that were never the file's content")

    def run(self):
        conn = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=20)
        while not self.stop.is_set() and len(self.findings) < 5:
            try:
                self.get(conn, min(int(random.expovariate(8) * self.files.count), self.files.count - 1))
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.cut += 1
                conn.close()
        conn.close()


def mutate(files, stop, counter):
    while not stop.is_set():
        for _ in range(20):
            files.change()
            counter[0] += 1
        time.sleep(0.001)


def main():
    url, root, count, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    files, stop, counter = Files(root, count), threading.Event(), [0]
    readers = [Reader(urllib.parse.urlparse(url), files, stop) for _ in range(4)]
    writer = threading.Thread(target=mutate, args=(files, stop, counter))
    for t in readers + [writer]:
        t.start()
    time.sleep(seconds)
    stop.set()
    for t in readers + [writer]:
        t.join()
    findings = [f for r in readers for f in r.findings]
    print(f"{sum(r.read for r in readers)} read, {sum(r.decoded for r in readers)} of them compressed, "
          f"{sum(r.missing for r in readers)} missing, "
          f"{sum(r.cut for r in readers)} cut, {counter[0]} changes")
    for f in findings[:10]:
        print(f, file=sys.stderr)
    return 1 if findings or not any(r.read for r in readers) else 0


if __name__ == "__main__":
    sys.exit(main())
