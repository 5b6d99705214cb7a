#!/usr/bin/env python3
"""h2_abuse.py PORT WHAT - clients of HTTP/2 that want to be a burden.

Each goes on until the server has enough, and prints how that was said: "goaway 11" is
ENHANCE_YOUR_CALM; "bounded" that nothing had to be said, for what it could do had its bounds.
"""

import socket
import struct
import sys
import time

from h2 import *

PORT = int(sys.argv[1])
PATIENCE = 15


def verdict(p):
    """What the server says to all that was sent."""
    last = "closed"
    while True:
        try:
            got = p.read()
        except TimeoutError:
            return "silence"
        if got is None:
            return last
        if got.kind == GOAWAY and got.code():
            last = f"goaway {got.code()}"


def flood(*frames, times=200000, first=b"", before=b""):
    """Sends without reading, until the server closes or everything is out."""
    p = Peer(PORT, first=first, timeout=PATIENCE)
    p.raw(before)
    burst = b"".join(frames) * 200
    sent = 0
    p.sock.settimeout(3)
    while sent < times:
        try:
            p.sock.sendall(burst)
        except OSError:  # closed, or it reads no more because we do not
            break
        sent += 200
    p.sock.settimeout(PATIENCE)
    return verdict(p)


def rapid_reset():
    p = Peer(PORT, first=settings((4, 0)), timeout=PATIENCE)
    for i in range(20000):
        p.raw(frame(HEADERS, 5, 2 * i + 1, fields()) + frame(RST_STREAM, 0, 2 * i + 1, b"\0\0\0\x08"))
    return verdict(p)


def made_to_reset():
    """The server resets the streams itself: each breaks a rule."""
    p = Peer(PORT, first=settings((4, 0)), timeout=PATIENCE)
    for i in range(20000):
        p.raw(frame(HEADERS, 4, 2 * i + 1, fields(method="POST", extra=[("content-length", "1")])) +
              frame(DATA, 0, 2 * i + 1, b"xy"))
    return verdict(p)


def malformed():
    p = Peer(PORT, timeout=PATIENCE)
    for i in range(20000):
        p.raw(frame(HEADERS, 5, 2 * i + 1, fields(extra=[("Upper", "case")])))
    return verdict(p)


def continuation():
    return flood(frame(CONTINUATION, 0, 1, b"\0\1x\1y"), before=frame(HEADERS, 1, 1, fields()))


def empty_continuation():
    return flood(frame(CONTINUATION, 0, 1, b""), before=frame(HEADERS, 1, 1, fields()))


def large_fields():
    return flood(frame(CONTINUATION, 0, 1, field("x", "y" * 16000)), times=400, before=frame(HEADERS, 1, 1, fields()))


def bomb():
    """One large field in the table, named a thousand times by a byte each."""
    p = Peer(PORT, timeout=PATIENCE)
    bomb = fields() + b"\x40" + text("x") + text("y" * 3900) + b"\xbe" * 16000
    p.raw(frame(HEADERS, END_STREAM, 1, bomb[:16000]) + frame(CONTINUATION, END_HEADERS, 1, bomb[16000:]))
    return f"goaway {p.until(GOAWAY).code()}"


def settings_flood():
    return flood(frame(SETTINGS, 0, 0, settings((4, 70000))))


def ping():
    return flood(frame(PING, 0, 0, b"12345678"))


def ping_and_read():
    """Takes every answer, so that no queue ever grows."""
    p = Peer(PORT, timeout=PATIENCE)
    for _ in range(1000):
        p.raw(frame(PING, 0, 0, b"12345678") * 50)
        for _ in range(50):
            got = p.until(PING, GOAWAY)
            if got is None or got.kind == GOAWAY:
                return f"goaway {got.code()}" if got else "closed"
    return "endured"


def empty_data():
    return flood(frame(DATA, 0, 1, b""), before=frame(HEADERS, END_HEADERS, 1, fields(method="POST")))


def padding():
    return flood(frame(DATA, PADDED, 1, b"\0"), times=2000,
                 before=frame(HEADERS, END_HEADERS, 1, fields(method="POST")))


def window_update():
    return flood(frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\x01"))


def priority():
    return flood(frame(PRIORITY, 0, 1, b"\0\0\0\x03\x10"))


def priority_update():
    return flood(frame(PRIORITY_UPDATE, 0, 0, b"\0\0\0\x01u=1"))


def unknown():
    return flood(frame(0xF0, 0, 0, b"x"))


def no_window():
    """128 streams of a large file, and no window for any of them."""
    p = Peer(PORT, first=settings((4, 0)), timeout=PATIENCE)
    for i in range(128):
        p.request(2 * i + 1, path="/large.bin")
    p.settled()
    ends = 0
    while ends < 128:
        got = p.until(RST_STREAM, GOAWAY)
        if got is None or got.kind == GOAWAY:
            break
        ends += got.code() == 8
    return "bounded" if ends == 128 else f"{ends} streams ended"


def drips():
    """A byte of window every tenth of a second: progress, but too little."""
    p = Peer(PORT, first=settings((4, 0)), timeout=PATIENCE)
    p.request(1, path="/large.bin")
    p.sock.settimeout(0.1)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        p.send(WINDOW_UPDATE, 0, 1, b"\0\0\0\x01")
        try:
            got = p.read()
        except TimeoutError:
            continue
        if got is None or got.kind in (RST_STREAM, GOAWAY):
            return "bounded"
    return "endured"


def reads_nothing():
    """Large windows, many large answers, and a socket that is never read."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", PORT))
    sock.sendall(PREFACE + frame(SETTINGS, 0, 0, settings((4, 0x7FFFFFFF))) + frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\0\0"))
    for i in range(100):
        sock.sendall(frame(HEADERS, 5, 2 * i + 1, fields(path="/large.bin")))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        # Bytes that can not be sent any more say that the server has cut the connection.
        try:
            sock.sendall(frame(PING, 0, 0, b"12345678"))
        except OSError:
            return "bounded"
        time.sleep(0.1)
    return "endured"


def slow_fields():
    """A request's fields, a byte at a time."""
    p = Peer(PORT, timeout=PATIENCE)
    p.request(1)
    p.response(1)
    head = frame(HEADERS, 5, 3, fields())
    end = time.monotonic() + PATIENCE
    for b in head:
        p.raw(bytes([b]))
        time.sleep(0.3)
        if time.monotonic() > end:
            return "endured"
        p.sock.settimeout(0.01)
        try:
            got = p.read()
            if got is None or got.kind == GOAWAY:
                return "bounded"
        except TimeoutError:
            pass
    return "served"


def slow_content():
    p = Peer(PORT, timeout=PATIENCE)
    p.request(1, end=False, method="POST")
    got = p.until(RST_STREAM, GOAWAY)
    return "bounded" if got and got.kind == RST_STREAM and got.code() == 0 else f"{got}"


def silent():
    """Preface and settings, then nothing."""
    p = Peer(PORT, timeout=PATIENCE)
    got = p.until(GOAWAY)
    return f"goaway {got.code()}" if got else "closed"


print(globals()[sys.argv[2]]())
