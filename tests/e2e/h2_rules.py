#!/usr/bin/env python3
"""h2_rules.py PORT - what RFC 9113 says that an endpoint MUST do, asked of the server one by one.

Each case talks on a connection of its own. `rst N` and `goaway N` are error codes of section 7; a
stream error may be answered by a connection error (section 5.4). Prints what went otherwise, and
how many cases there were.
"""

import struct
import sys

from h2 import *

PORT = int(sys.argv[1])
CASES = []


def case(section, wanted, name=None):
    def note(fn):
        CASES.append((section, name or fn.__name__.replace("_", " "), wanted.split("|"), fn))
        return fn
    return note


def sends(section, wanted, name, *frames, first=b""):
    """A case that is nothing but frames."""
    def fn():
        p = Peer(PORT, first=first)
        for f in frames:
            p.raw(f)
        return p.outcome()
    case(section, wanted, name)(fn)


def ask(stream=1, flags=END_STREAM | END_HEADERS, **kw):
    return frame(HEADERS, flags, stream, fields(**kw))


def open_post(stream=1, **kw):
    return ask(stream, END_HEADERS, method="POST", **kw)


FRAME_SIZE, FLOW, CLOSED_STREAM, COMPRESSION = "6", "3", "5", "9"

# ---- 3, 4: starting, frames ----------------------------------------------------------------------

sends("3.4", "200", "a plain request", ask())


@case("3.4", "goaway 1|closed")
def first_frame_is_not_settings():
    p = Peer(PORT, preface=None)
    p.raw(PREFACE + frame(PING, 0, 0, b"12345678"))
    return p.outcome()


@case("3.4", "200")
def request_before_settings_are_acknowledged():
    p = Peer(PORT, preface=None)
    p.raw(PREFACE + frame(SETTINGS) + ask())
    return p.outcome()


@case("3.4", "200")
def preface_byte_by_byte():
    p = Peer(PORT, preface=None)
    for b in PREFACE + frame(SETTINGS) + ask():
        p.raw(bytes([b]))
    return p.outcome()


sends("4.1", "200", "unknown frame type", frame(0xF0, 0xFF, 0, b"x" * 100), frame(0xF1, 0, 1, b""), ask())
sends("4.1", "200", "undefined flags", frame(PING, 0x16, 0, b"12345678"), ask())
sends("4.1", "200", "reserved bit", frame(HEADERS, END_STREAM | END_HEADERS, 0x80000001, fields()))
sends("4.2", "goaway 6|rst 6", "DATA over the maximum", open_post(), frame(DATA, 0, 1, b"x" * 16385))
sends("4.2", "goaway 6", "HEADERS over the maximum", frame(HEADERS, END_STREAM | END_HEADERS, 1,
                                                           fields() + field("x", "y" * 16384)))
sends("4.2", "goaway 6", "SETTINGS over the maximum", frame(SETTINGS, 0, 0, settings((0xF0, 1)) * 2732))
sends("4.3", "goaway 9", "index 0", frame(HEADERS, 5, 1, b"\x80"))
sends("4.3", "goaway 9", "index out of the table", frame(HEADERS, 5, 1, b"\xff\x80\x01"))
sends("4.3", "goaway 9", "block ends within a literal", frame(HEADERS, 5, 1, fields() + b"\0\x05ab"))
sends("4.3", "goaway 9", "table larger than permitted", frame(HEADERS, 5, 1, b"\x3f\xe2\x3f" + fields()))
sends("4.3", "goaway 9", "Huffman padding of a byte", frame(HEADERS, 5, 1, fields() + b"\0\x01x\x82\xff\xff"))

# ---- 5: streams ----------------------------------------------------------------------------------

sends("5.1", "goaway 1", "DATA on an idle stream", frame(DATA, END_STREAM, 1, b"x"))
sends("5.1", "goaway 1", "RST_STREAM on an idle stream", frame(RST_STREAM, 0, 1, b"\0\0\0\x08"))
sends("5.1", "goaway 1", "WINDOW_UPDATE on an idle stream", frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\x64"))
sends("5.1", "goaway 1", "CONTINUATION on an idle stream", frame(CONTINUATION, END_HEADERS, 1, fields()))


def half_closed(extra):
    def fn():
        # The window is shut, so the stream stays open on the server's side.
        p = Peer(PORT, first=settings((4, 0)))
        p.request()
        p.settled()
        p.raw(extra)
        return p.outcome()
    return fn


case("5.1", "goaway 5|rst 5", "DATA when half-closed")(half_closed(frame(DATA, END_STREAM, 1, b"x")))
case("5.1", "goaway 5|rst 5", "HEADERS when half-closed")(half_closed(ask()))
case("5.1", "goaway 1", "CONTINUATION when half-closed")(half_closed(frame(CONTINUATION, 4, 1, fields())))


def after_end(extra, then=b""):
    def fn():
        p = Peer(PORT)
        p.request()
        p.response()
        p.raw(extra + then)
        return p.outcome(3)
    return fn


case("5.1", "goaway 5|rst 5", "DATA after the end")(after_end(frame(DATA, END_STREAM, 1, b"x")))
case("5.1", "goaway 5|rst 5", "HEADERS after the end")(after_end(ask()))
case("5.1", "200", "PRIORITY after the end")(after_end(frame(PRIORITY, 0, 1, b"\0\0\0\0\x10"), ask(3)))
case("5.1", "200", "WINDOW_UPDATE after the end")(after_end(frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\x10"), ask(3)))
case("5.1", "200", "RST_STREAM after the end")(after_end(frame(RST_STREAM, 0, 1, b"\0\0\0\x08"), ask(3)))


def after_reset(extra):
    def fn():
        p = Peer(PORT, first=settings((4, 0)))
        p.request()
        p.send(RST_STREAM, 0, 1, b"\0\0\0\x08")
        p.raw(extra)
        return p.outcome()
    return fn


case("5.1", "goaway 5|rst 5", "DATA after RST_STREAM")(after_reset(frame(DATA, END_STREAM, 1, b"x")))
case("5.1", "goaway 5|rst 5", "HEADERS after RST_STREAM")(after_reset(ask()))
sends("5.1.1", "goaway 1", "even stream", ask(2))
sends("5.1.1", "goaway 1", "streams go backwards", ask(5), ask(3))


@case("5.1.1", "goaway 1")
def last_stream_number_is_over():
    p = Peer(PORT)
    p.request(0x7FFFFFFF)
    p.request(1)
    while True:
        got = p.until(GOAWAY)
        if got is None or got.code():
            return f"goaway {got.code()}" if got else "closed"


@case("5.1.2", "rst 7|goaway 1")
def more_streams_than_permitted():
    p = Peer(PORT)
    p.settled()
    for i in range(200):
        p.request(2 * i + 1, end=False, method="POST")
    while True:
        got = p.until(RST_STREAM, GOAWAY)
        if got.kind == GOAWAY or got.code() == 7:
            return f"{'rst' if got.kind == RST_STREAM else 'goaway'} {got.code()}"


@case("5.4.1", "goaway 1 closed")
def a_connection_error_ends_the_connection():
    p = Peer(PORT)
    p.send(PING, 0, 1, b"12345678")
    return f"goaway {p.until(GOAWAY).code()} {'closed' if p.read() is None else 'open'}"


# ---- 6: frames -----------------------------------------------------------------------------------

sends("6.1", "goaway 1", "DATA on stream 0", frame(DATA, 0, 0, b"x"))
sends("6.1", "goaway 1", "DATA: padding of its whole length", open_post(), frame(DATA, PADDED, 1, b"\x05xxxxx"[:5]))
sends("6.1", "goaway 6|goaway 1|rst 6", "DATA: no room for the length of padding", open_post(), frame(DATA, PADDED, 1))
sends("6.2", "goaway 1", "HEADERS on stream 0", ask(0))
sends("6.2", "goaway 1", "HEADERS: padding too long", frame(HEADERS, 5 | PADDED, 1, b"\xff" + fields()))
sends("6.2", "200", "HEADERS padded", frame(HEADERS, 5 | PADDED, 1, b"\x07" + fields() + b"\0" * 7))
sends("6.2", "200", "HEADERS with a priority", frame(HEADERS, 5 | WITH_PRIORITY, 1, b"\0\0\0\0\x10" + fields()))
sends("6.3", "goaway 1", "PRIORITY on stream 0", frame(PRIORITY, 0, 0, b"\0\0\0\x03\x10"))
sends("6.3", "goaway 6|rst 6", "PRIORITY of 4 bytes", ask(3), frame(PRIORITY, 0, 1, b"\0\0\0\x03"))
sends("6.3", "goaway 1|rst 1", "PRIORITY on itself", frame(PRIORITY, 0, 1, b"\0\0\0\x01\x10"))
sends("6.4", "goaway 1", "RST_STREAM on stream 0", frame(RST_STREAM, 0, 0, b"\0\0\0\x08"))
sends("6.4", "goaway 6", "RST_STREAM of 3 bytes", open_post(), frame(RST_STREAM, 0, 1, b"\0\0\x08"))
sends("6.5", "goaway 6", "SETTINGS: acknowledgement with content", frame(SETTINGS, ACK, 0, settings((3, 1))))
sends("6.5", "goaway 1", "SETTINGS on a stream", frame(SETTINGS, 0, 1))
sends("6.5", "goaway 6", "SETTINGS of 7 bytes", frame(SETTINGS, 0, 0, settings((3, 1)) + b"x"))
sends("6.5.2", "goaway 1", "ENABLE_PUSH of 2", frame(SETTINGS, 0, 0, settings((2, 2))))
sends("6.5.2", "goaway 3", "INITIAL_WINDOW_SIZE of 2^31", frame(SETTINGS, 0, 0, settings((4, 1 << 31))))
sends("6.5.2", "goaway 1", "MAX_FRAME_SIZE of 16383", frame(SETTINGS, 0, 0, settings((5, 16383))))
sends("6.5.2", "goaway 1", "MAX_FRAME_SIZE of 2^24", frame(SETTINGS, 0, 0, settings((5, 1 << 24))))
sends("6.5.2", "200", "unknown setting", frame(SETTINGS, 0, 0, settings((0xF0F0, 7))), ask())
sends("6.5.2", "200", "no table for compression", frame(SETTINGS, 0, 0, settings((1, 0))), ask())


sends("9218/7.1", "200", "PRIORITY_UPDATE", frame(PRIORITY_UPDATE, 0, 0, b"\0\0\0\1u=1, i"), ask())
sends("9218/7.1", "goaway 1", "PRIORITY_UPDATE for stream 0", frame(PRIORITY_UPDATE, 0, 0, b"\0\0\0\0u=1"), ask())
sends("9218/7.1", "goaway 1", "PRIORITY_UPDATE on a stream", frame(PRIORITY_UPDATE, 0, 1, b"\0\0\0\1u=1"), ask())


@case("6.5.3", "acknowledged")
def settings_are_acknowledged():
    p = Peer(PORT)
    while True:
        got = p.until(SETTINGS)
        if got.flags & ACK:
            return "acknowledged"


sends("6.6", "goaway 1", "PUSH_PROMISE from a client", ask(flags=END_HEADERS),
      frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\x02" + fields()))


@case("6.7", "echo")
def ping_is_echoed():
    p = Peer(PORT)
    p.send(PING, 0, 0, b"\0\x01abcdef")
    got = p.until(PING)
    return "echo" if got.flags == ACK and got.payload == b"\0\x01abcdef" else repr(got)


@case("6.7", "no answer")
def acknowledged_ping_is_not_answered():
    p = Peer(PORT)
    p.send(PING, ACK, 0, b"answered")
    p.settled()
    return "no answer" if not [f for f in p.frames if f.payload == b"answered"] else "answer"


sends("6.7", "goaway 1", "PING on a stream", frame(PING, 0, 1, b"12345678"))
sends("6.7", "goaway 6", "PING of 6 bytes", frame(PING, 0, 0, b"123456"))
sends("6.8", "goaway 1", "GOAWAY on a stream", frame(GOAWAY, 0, 1, b"\0" * 8))
sends("6.9", "goaway 1", "WINDOW_UPDATE of 0", frame(WINDOW_UPDATE, 0, 0, b"\0" * 4))
sends("6.9", "rst 1|goaway 1", "WINDOW_UPDATE of 0 on a stream", open_post(), frame(WINDOW_UPDATE, 0, 1, b"\0" * 4))
sends("6.9", "goaway 6", "WINDOW_UPDATE of 3 bytes", frame(WINDOW_UPDATE, 0, 0, b"\0\0\x01"))
sends("6.9.1", "goaway 3", "window of the connection over 2^31", frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff"))
case("6.9.1", "rst 3|goaway 3", "window of a stream over 2^31")(half_closed(frame(WINDOW_UPDATE, 0, 1, b"\x7f\xff\xff\xff") * 2))


@case("6.9.1", "1")
def window_of_one_byte():
    p = Peer(PORT, first=settings((4, 1)))
    p.request()
    return str(len(p.until(DATA).payload))


@case("6.9.2", "1 then the rest")
def window_grows_by_a_setting():
    p = Peer(PORT, first=settings((4, 1)))
    p.request()
    p.until(DATA)
    p.send(SETTINGS, 0, 0, settings((4, 100)))
    status, content = p.response()
    return "1 then the rest" if 1 + len(content) == 6 else f"{content}"


@case("6.9.2", "3 of 6")
def window_that_shrank_below_zero():
    p = Peer(PORT, first=settings((4, 3)))
    p.request()
    p.until(DATA)
    p.send(SETTINGS, 0, 0, settings((4, 0)))
    p.send(WINDOW_UPDATE, 0, 1, struct.pack(">I", 3))  # now 0: still nothing
    p.settled()
    return f"{sum(len(f.payload) for f in p.frames if f.kind == DATA)} of 6"



@case("6.9.2", "goaway 3")
def a_setting_takes_a_window_over_its_maximum():
    p = Peer(PORT, first=settings((4, 0)))
    p.request(path="/large.bin")
    p.send(WINDOW_UPDATE, 0, 1, b"\x7f\xff\xff\xff")
    p.send(SETTINGS, 0, 0, settings((4, 0x7FFFFFFF)))
    return f"goaway {p.until(GOAWAY).code()}"


part = fields()
sends("6.10", "200", "fields in three frames", frame(HEADERS, END_STREAM, 1, part[:5]),
      frame(CONTINUATION, 0, 1, part[5:9]), frame(CONTINUATION, END_HEADERS, 1, part[9:]))
sends("6.10", "goaway 1", "something between", frame(HEADERS, END_STREAM, 1, part[:5]),
      frame(PING, 0, 0, b"12345678"), frame(CONTINUATION, END_HEADERS, 1, part[5:]))
sends("6.10", "goaway 1", "an unknown frame between", frame(HEADERS, END_STREAM, 1, part[:5]),
      frame(0xF0, 0, 1), frame(CONTINUATION, END_HEADERS, 1, part[5:]))
sends("6.10", "goaway 1", "CONTINUATION of another stream", frame(HEADERS, END_STREAM, 1, part[:5]),
      frame(CONTINUATION, END_HEADERS, 3, part[5:]))
sends("6.10", "goaway 1", "CONTINUATION on stream 0", frame(HEADERS, END_STREAM, 1, part[:5]),
      frame(CONTINUATION, END_HEADERS, 0, part[5:]))
sends("6.10", "goaway 1", "CONTINUATION behind END_HEADERS", open_post(), frame(CONTINUATION, END_HEADERS, 1, field("x", "y")))

# ---- 8: HTTP -------------------------------------------------------------------------------------

MALFORMED = "rst 1|400|goaway 1"
sends("8.1", "rst 1|goaway 1", "trailers that do not end", open_post(), frame(HEADERS, END_HEADERS, 1, field("x", "y")))
sends("8.1", "rst 1|goaway 1", "pseudo-header in trailers", open_post(), frame(HEADERS, 5, 1, field(":method", "GET")))
# The method may be refused (405) before the content that is wrong has come.
sends("8.1.1", MALFORMED + "|other", "content shorter than its length", open_post(extra=[("content-length", "5")]), frame(DATA, 1, 1, b"abc"))
sends("8.1.1", MALFORMED + "|other", "content longer than its length", open_post(extra=[("content-length", "2")]), frame(DATA, 1, 1, b"abc"))
sends("8.1.1", MALFORMED, "length without content", ask(method="POST", extra=[("content-length", "2")]))
sends("8.1.1", MALFORMED, "two lengths", open_post(extra=[("content-length", "2"), ("content-length", "2")]))
sends("8.1.1", MALFORMED, "length that is no number", open_post(extra=[("content-length", "+2")]))
for name, value in (("X-Upper", "y"), ("connection", "close"), ("keep-alive", "5"), ("proxy-connection", "x"),
                    ("transfer-encoding", "chunked"), ("upgrade", "h2c"), ("te", "gzip"), ("te", "trailers, deflate"),
                    ("", "empty"), ("a b", "x"), ("a:b", "x"), ("x\0", "x"), ("x", "a\r\nb: c"), ("x", "a\0b"),
                    ("x", " leading"), ("x", "trailing "), ("x", "\ttab"), ("ü", "x"), ("x\x7f", "y")):
    sends("8.2", "rst 1|goaway 1", f"field {name!r}: {value!r}", ask(extra=[(name, value)]))
sends("8.2.2", "200", "te: trailers", ask(extra=[("te", "trailers")]))
for name, kw in (("no :method", dict(method=None)), ("no :scheme", dict(scheme=None)), ("no :path", dict(path=None)),
                 ("empty :path", dict(path="")), (":path without a slash", dict(path="index.html")),
                 (":path of absolute form", dict(path="http://localhost/")), ("neither :authority nor Host", dict(authority=None)),
                 ("user in :authority", dict(authority="user@localhost")), ("malformed :authority", dict(authority="a b")),
                 ("Host differs from :authority", dict(extra=[("host", "other")])),
                 ("fragment in :path", dict(path="/#x")), ("space in :path", dict(path="/a b")),
                 ("NUL in :path", dict(path="/\0")), ("bad :method", dict(method="GE T")), ("asterisk for GET", dict(path="*"))):
    sends("8.3.1", MALFORMED, name, ask(**kw))
for name, value in ((":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "localhost"), (":status", "200"),
                    (":unknown", "x"), (":protocol", "websocket")):
    sends("8.3", "rst 1|goaway 1", f"{name} doubled or unknown", frame(HEADERS, 5, 1, fields() + field(name, value)))
sends("8.3", "rst 1|goaway 1", "pseudo-header behind a field", frame(HEADERS, 5, 1, field("x", "y") + fields()))
sends("8.3.1", "200", "Host in place of :authority", ask(authority=None, extra=[("host", "localhost")]))
sends("8.3.1", "200", "Host as :authority", ask(authority="LOCALHOST:80", extra=[("host", "localhost:80")]))
sends("8.3.1", "200", "https behind a proxy", ask(scheme="https"))
sends("8.5", "rst 1|goaway 1|other", "CONNECT", ask(method="CONNECT", path=None, scheme=None))
sends("8.5", "rst 1|goaway 1", "CONNECT with a path", ask(method="CONNECT"))


@case("8.7", "200")
def a_refused_stream_leaves_the_others():
    p = Peer(PORT)
    p.request(1, extra=[("X", "y")])
    p.request(3)
    return p.outcome(3)


def main():
    failed = 0
    for section, name, wanted, fn in CASES:
        try:
            got = fn()
        except TimeoutError:
            got = "silence"
        if got not in wanted:
            failed += 1
            print(f"{section} {name}: wanted {' or '.join(wanted)}, got {got}")
    print(f"{len(CASES)} rules, {failed} broken")


if __name__ == "__main__":
    main()
