"""h2.py - HTTP/2 frames by hand: a peer that says exactly what a test wants, right or wrong.

Knows of field compression what it needs to ask: literals without Huffman coding, and the static
table's entries for statuses.
"""

import socket
import struct

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
PRIORITY_UPDATE = 16
END_STREAM = ACK = 1
END_HEADERS, PADDED, WITH_PRIORITY = 4, 8, 0x20
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
STATUS = {0x88: "200", 0x89: "204", 0x8A: "206", 0x8B: "304", 0x8C: "400", 0x8D: "404", 0x8E: "500"}


def field(name, value, name_index=0):
    """A literal without indexing; the name by its index in the static table, if given."""
    head = bytes([name_index]) if name_index else b"\0" + text(name)
    return head + text(value)


def text(s):
    s = s.encode("latin-1") if isinstance(s, str) else s
    n = len(s)
    if n < 127:
        return bytes([n]) + s
    out, n = b"\x7f", n - 127
    while n >= 128:
        out += bytes([n % 128 + 128])
        n //= 128
    return out + bytes([n]) + s


def fields(path="/", method="GET", scheme="http", authority="localhost", extra=()):
    """The block of a request; what is None is left out."""
    block = b""
    for name, value in (":method", method), (":scheme", scheme), (":path", path), (":authority", authority):
        if value is not None:
            block += field(name, value)
    for name, value in extra:
        block += field(name, value)
    return block


def settings(*pairs):
    return b"".join(struct.pack(">HI", k, v) for k, v in pairs)


class Frame:
    def __init__(self, kind, flags, stream, payload):
        self.kind, self.flags, self.stream, self.payload = kind, flags, stream, payload

    def code(self):
        """Of RST_STREAM and GOAWAY."""
        return struct.unpack(">I", self.payload[-4:] if self.kind == RST_STREAM else self.payload[4:8])[0]

    def last(self):
        return struct.unpack(">I", self.payload[:4])[0] & 0x7FFFFFFF

    def __repr__(self):
        return f"<{self.kind} flags {self.flags:#x} stream {self.stream} {self.payload[:16]!r}>"


class Peer:
    def __init__(self, port, preface=PREFACE, first=b"", timeout=5):
        self.sock = socket.create_connection(("127.0.0.1", port))
        self.sock.settimeout(timeout)
        self.unread = b""
        self.frames = []  # all that came
        if preface is not None:
            self.raw(preface)
            self.send(SETTINGS, 0, 0, first)

    def raw(self, data):
        try:
            self.sock.sendall(data)
        except OSError:
            pass  # the server has closed: what it said is still to be read

    def send(self, kind, flags=0, stream=0, payload=b""):
        self.raw(frame(kind, flags, stream, payload))

    def request(self, stream=1, block=None, end=True, **kw):
        self.send(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block or fields(**kw))

    def read(self):
        """The next frame, or None at the end. Answers SETTINGS and nothing else."""
        while True:
            if len(self.unread) >= 9:
                n = int.from_bytes(self.unread[:3], "big")
                if len(self.unread) >= 9 + n:
                    head, payload = self.unread[:9], self.unread[9:9 + n]
                    self.unread = self.unread[9 + n:]
                    got = Frame(head[3], head[4], int.from_bytes(head[5:9], "big"), payload)
                    self.frames.append(got)
                    if got.kind == SETTINGS and not got.flags & ACK:
                        self.send(SETTINGS, ACK)
                    return got
            try:
                data = self.sock.recv(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self.unread += data

    def until(self, *kinds, stream=None):
        while True:
            got = self.read()
            if got is None or (got.kind in kinds and stream in (None, got.stream)):
                return got

    def settled(self):
        """Everything so far has been acted on: the server has answered a PING."""
        self.send(PING, 0, 0, b"settled?")
        while True:
            got = self.read()
            if got is None or got.kind == GOAWAY:
                return False
            if got.kind == PING and got.flags & ACK and got.payload == b"settled?":
                return True

    def response(self, stream=1):
        """Status and content, or what came in their place."""
        status, content = None, b""
        while True:
            got = self.read()
            if got is None:
                return "closed", content
            if got.kind == GOAWAY and got.code():
                return f"goaway {got.code()}", content
            if got.stream != stream:
                continue
            if got.kind == RST_STREAM:
                return f"rst {got.code()}", content
            if got.kind == HEADERS:
                status = status or self.status(got)
            if got.kind == DATA:
                content += got.payload
            if got.kind in (HEADERS, DATA) and got.flags & END_STREAM:
                return status, content

    def outcome(self, stream=1):
        """The error that the stream or the connection ended with; without one, the status."""
        self.send(PING, 0, 0, b"the end?")
        ended = pinged = False
        status = "nothing"
        while not (ended and pinged):
            got = self.read()
            if got is None:
                return "closed"
            if got.kind == GOAWAY and got.code():
                return f"goaway {got.code()}"
            if got.kind == PING and got.payload == b"the end?":
                pinged = True
            if got.stream != stream:
                continue
            if got.kind == RST_STREAM:
                return f"rst {got.code()}"
            if got.kind == HEADERS:
                status = self.status(got)
            ended |= got.kind in (HEADERS, DATA) and bool(got.flags & END_STREAM)
        # A reset may be on its way behind the answer to the PING.
        seen = len(self.frames)
        self.settled()
        for got in self.frames[seen:]:
            if got.kind == RST_STREAM and got.stream == stream and got.code():
                return f"rst {got.code()}"
            if got.kind == GOAWAY:
                return f"goaway {got.code()}"
        return status

    @staticmethod
    def status(headers):
        block = headers.payload
        while block[0] & 0xE0 == 0x20:  # a new size of the table
            block = block[1:]
        return STATUS.get(block[0], "other")


def frame(kind, flags=0, stream=0, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + struct.pack(">I", stream) + payload
