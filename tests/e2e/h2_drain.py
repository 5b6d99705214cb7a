#!/usr/bin/env python3
"""h2_drain.py - connections that the server wants to end; prints what the client saw.

  h2_drain.py PORT reload     says "ready" and waits for a line on standard input, by which time the
                              worker that it talks to has been told to end
  h2_drain.py PORT requests   asks until it is told not to
"""

import sys

from h2 import *

PORT = int(sys.argv[1])


def reload():
    p = Peer(PORT, first=settings((4, 10)), timeout=10)
    p.request(1, path="/large.bin")  # stands still after 10 bytes
    p.until(DATA)
    print("ready", flush=True)
    sys.stdin.readline()

    notice = p.until(GOAWAY)
    ping = p.until(PING)
    print("notice", notice.last() == 0x7FFFFFFF, notice.code())
    p.request(3)  # under way when the notice came
    p.until(HEADERS, stream=3)
    p.send(PING, ACK, 0, ping.payload)
    final = p.until(GOAWAY)
    print("final", final.last(), final.code())
    p.request(5)  # too late: not answered, so the client may ask again elsewhere
    p.send(SETTINGS, 0, 0, settings((4, 1 << 20)))
    p.send(WINDOW_UPDATE, 0, 0, b"\x00\x10\x00\x00")
    status, content = p.response(1)
    print("first", status or "200", len(content))
    print("late", [f.stream for f in p.frames if f.stream == 5])
    print("end", p.until(SETTINGS) is None)


def requests():
    p = Peer(PORT)
    served = 0
    while not [f for f in p.frames if f.kind == GOAWAY]:
        p.request(2 * served + 1)
        served += p.response(2 * served + 1)[0] == "200"
    goaway = [f for f in p.frames if f.kind == GOAWAY][0]
    print("served", served, "last", goaway.last(), "code", goaway.code())
    print("end", p.until(SETTINGS) is None)


globals()[sys.argv[2]]()
