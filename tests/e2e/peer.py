#!/usr/bin/env python3
"""peer.py - clients that a shell can not play.

  peer.py pieces PORT SEED      sends standard input cut at random, prints the answer until the end
  peer.py bytewise PORT         sends standard input byte by byte, prints the answer until the end
  peer.py trickle PORT          sends a byte a second of a request until the server has enough of it
  peer.py hold PORT COUNT       asks once on each of COUNT connections, says "held", keeps them until
                                standard input ends
  peer.py crowd PORT COUNT PATH CODING
                                asks for PATH on each of COUNT connections at once, prints for each answer its
                                status, Content-Encoding, length and checksum
  peer.py busy PORT COMMAND...  runs the command and asks until it ends, each time on a new connection; says
                                how many answers came and how many milliseconds the slowest took
  peer.py pass-socket PORT COMMAND...
                                runs the command with a listening socket, as systemd hands it over
"""

import os
import random
import resource
import select
import socket
import subprocess
import sys
import zlib
import time

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
SECONDS = 20


def connect(port):
    s = socket.create_connection(("127.0.0.1", int(port)), SECONDS)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def drain(s):
    while data := s.recv(65536):
        sys.stdout.buffer.write(data)
    sys.stdout.flush()


def send_cut(port, text, sizes):
    """Reads only when all is sent: what the server answers early has to wait in its socket."""
    s = connect(port)
    at = 0
    while at < len(text):
        n = next(sizes)
        s.sendall(text[at : at + n])
        at += n
    drain(s)


def random_sizes(seed):
    chance = random.Random(seed)
    while True:
        yield chance.choice((1, 2, 3, 7, 20, 60, 200))


def pieces(port, seed):
    send_cut(port, sys.stdin.buffer.read(), random_sizes(seed))


def bytewise(port):
    send_cut(port, sys.stdin.buffer.read(), iter(lambda: 1, 0))


def trickle(port):
    s = connect(port)
    for byte in REQUEST[: SECONDS]:
        s.send(bytes((byte,)))
        if select.select([s], [], [], 1)[0]:
            break
    drain(s)


def ask(s):
    """One request and its whole answer; the connection stays."""
    s.sendall(REQUEST)
    got = b""
    while b"\r\n\r\n" not in got:
        more = s.recv(65536)
        if not more:
            raise OSError("closed before the answer")
        got += more
    head, body = got.split(b"\r\n\r\n", 1)
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += s.recv(65536)


def hold(port, count):
    held = []
    for _ in range(int(count)):
        held.append(connect(port))
        ask(held[-1])
    print("held", flush=True)
    sys.stdin.read()


def describe(answer):
    """(line, complete)"""
    head, end, content = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    coding = fields.get("content-encoding", "identity")
    status = (lines[0].split(" ") + ["", "none"])[1]
    return f"{status} {coding} {len(content)} {zlib.crc32(content)}", bool(end) and len(content) >= int(fields.get("content-length", 0))


def crowd(port, count, path, coding):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(int(count) + 100, hard)), hard))
    sockets = [connect(port) for _ in range(int(count))]
    for s in sockets:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: {coding}\r\n\r\n".encode())
    for s in sockets:
        answer = b""
        while not describe(answer)[1] and (data := s.recv(1 << 20)):
            answer += data
        print(describe(answer)[0])


def busy(port, *command):
    answers, slowest = 0, 0.0
    with subprocess.Popen(command) as running:
        while running.poll() is None:
            began = time.monotonic()
            with connect(port) as s:
                ask(s)
            slowest = max(slowest, time.monotonic() - began)
            answers += 1
            time.sleep(0.002)  # the server is to be asked, not loaded
    print(answers, int(slowest * 1000))
    sys.exit(running.returncode)


def pass_socket(port, *command):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", int(port)))
    s.listen(64)
    if s.fileno() == 3:
        s.set_inheritable(True)
    else:
        os.dup2(s.fileno(), 3)
    os.execve(command[0], command, {**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())})


COMMANDS = {
    "pieces": pieces,
    "bytewise": bytewise,
    "trickle": trickle,
    "hold": hold,
    "crowd": crowd,
    "busy": busy,
    "pass-socket": pass_socket,
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
