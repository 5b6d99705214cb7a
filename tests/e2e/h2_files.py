#!/usr/bin/env python3
"""h2_files.py PORT DIRECTORY - asks for all files of a directory at once, on one connection, with
windows of 20,000 bytes for each stream, and prints the names of those that did not come as they are.
"""

import os
import struct
import sys

from h2 import *

port, directory = int(sys.argv[1]), sys.argv[2]
names = sorted(os.listdir(directory))
p = Peer(port, first=settings((4, 20000)), timeout=20)
got = {}
for i, name in enumerate(names):
    p.request(2 * i + 1, path="/" + name)
    got[2 * i + 1] = b""
left = len(names)
while left:
    f = p.until(DATA, RST_STREAM)
    if f is None or f.kind == RST_STREAM:
        print("broken off", f)
        break
    got[f.stream] += f.payload
    left -= f.flags & END_STREAM
    if f.payload:
        p.send(WINDOW_UPDATE, 0, 0, struct.pack(">I", len(f.payload)))
        p.send(WINDOW_UPDATE, 0, f.stream, struct.pack(">I", len(f.payload)))
for i, name in enumerate(names):
    with open(os.path.join(directory, name), "rb") as file:
        if file.read() != got[2 * i + 1]:
            print(name)
