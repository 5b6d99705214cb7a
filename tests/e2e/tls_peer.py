#!/usr/bin/env python3
"""tls_peer.py - TLS clients that openssl and curl can not play. The certificate is not verified.

  tls_peer.py bytewise PORT PATH    sends every byte of handshake and request on its own, prints the answer
  tls_peer.py slow PORT PATH        reads the answer a little at a time, prints the SHA-256 of its content
  tls_peer.py talk PORT             asks for / each time a line comes on standard input, all on one
                                    connection; prints the status each time
  tls_peer.py first-record PORT PATH
                                    prints the length of the first record of the answer
  tls_peer.py end PORT PATH         asks for a last answer, prints how the connection ended: close_notify
                                    or cut
"""

import hashlib
import socket
import ssl
import sys

SECONDS = 20


class Peer:
    """TLS over memory, so that each byte on the wire is ours to send or to hold."""

    def __init__(self, port, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(SECONDS)
        self.socket.connect(("127.0.0.1", int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.step = self.room = 65536

    def flush(self):
        data = self.outgoing.read()
        for at in range(0, len(data), self.step):
            self.socket.sendall(data[at : at + self.step])

    def pull(self):
        data = self.socket.recv(self.room)
        if data:
            self.incoming.write(data)
        else:
            self.incoming.write_eof()

    def until(self, function, *arguments):
        while True:
            try:
                result = function(*arguments)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                self.pull()

    def ask(self, path, *fields):
        self.until(self.tls.do_handshake)
        lines = (f"GET {path} HTTP/1.1", "Host: localhost", *fields, "", "")
        self.until(self.tls.write, "\r\n".join(lines).encode())

    def read(self):
        try:
            return self.until(self.tls.read, 16384)
        except ssl.SSLZeroReturnError:
            return b""

    def answer(self):
        """Head and content, by Content-Length."""
        got = b""
        while b"\r\n\r\n" not in got:
            got += self.read()
        head, content = got.split(b"\r\n\r\n", 1)
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(content) < length:
            content += self.read()
        return head, content


def bytewise(port, path):
    peer = Peer(port)
    peer.step = 1
    peer.ask(path, "Connection: close")
    sys.stdout.buffer.write(peer.answer()[1])


def slow(port, path):
    peer = Peer(port, receive_buffer=4096)
    peer.room = 1000
    peer.ask(path, "Connection: close")
    print(hashlib.sha256(peer.answer()[1]).hexdigest())


def talk(port):
    peer = Peer(port)
    for _ in sys.stdin:
        peer.ask("/")
        print(peer.answer()[0].split()[1].decode(), flush=True)


def first_record(port, path):
    peer = Peer(port)
    peer.until(peer.tls.do_handshake)
    peer.ask(path)
    data = b""
    wanted = 1 << 30
    while len(data) < wanted:
        data += peer.socket.recv(65536)
        at = 0
        # Before the answer come tickets, which are short and of the same outer type.
        while len(data) >= at + 5:
            length = int.from_bytes(data[at + 3 : at + 5], "big")
            if length > 400:
                print(length)
                return
            at += 5 + length


def end(port, path):
    peer = Peer(port)
    peer.ask(path, "Connection: close")
    peer.answer()
    try:
        print("more" if peer.until(peer.tls.read, 16384) else "close_notify")
    except ssl.SSLZeroReturnError:
        print("close_notify")
    except (ssl.SSLEOFError, OSError):
        print("cut")


COMMANDS = {"bytewise": bytewise, "slow": slow, "talk": talk, "first-record": first_record, "end": end}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in COMMANDS:
        sys.exit(__doc__)
    COMMANDS[sys.argv[1]](*sys.argv[2:])
