#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP server between gateway and CA that records every message and can
misbehave: http_relay.py CA-HOST:PORT FOLDER. The file FOLDER/mode says how the
next request is treated (read anew for each): pass, slow:SECONDS, never,
garbage, half, page, empty, redirect, close. Requests are kept as
FOLDER/NNN.req, answers as FOLDER/NNN.rsp. One CA connection for each
connection of the gateway, kept as long; with a third argument "one" a single
CA connection that outlives them all. Prints "relay on PORT"."""
import itertools
import os
import select
import socket
import sys
import threading
import time

numbers = itertools.count(1)
lock = threading.Lock()
shared = None  # the one CA connection, with "one"


def read_message(sock, data=b""):
    """One HTTP message with Content-Length: start line and head, content, rest."""
    while b"\r\n\r\n" not in data:
        part = sock.recv(65536)
        if not part:
            return None
        data += part
    head, rest = data.split(b"\r\n\r\n", 1)
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, value = line.split(b":", 1)
        if name.strip().lower() == b"content-length":
            length = int(value)
    while len(rest) < length:
        part = sock.recv(65536)
        if not part:
            return None
        rest += part
    return head, rest[:length], rest[length:]


def response(status, content, kind="application/pkixcmp", extra="", length=None):
    return ("HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n" %
            (status, kind, len(content) if length is None else length, extra)).encode() + content


def mode_of(folder):
    try:
        with open(os.path.join(folder, "mode")) as f:
            return f.read().strip() or "pass"
    except FileNotFoundError:
        return "pass"


def keep(folder, n, kind, content):
    with open(os.path.join(folder, "%03d.%s.tmp" % (n, kind)), "wb") as f:
        f.write(content)
    os.rename(f.name, f.name[:-4])


class Connection:
    def __init__(self, sock, ca, folder):
        self.sock, self.ca, self.folder, self.up, self.rest = sock, ca, folder, None, b""

    def ask_ca(self, content):
        if shared is not None:
            with lock:
                return shared.ask_own(content)
        return self.ask_own(content)

    def exchange(self, content):
        try:
            self.up.sendall(b"POST /pkix/ HTTP/1.1\r\nHost: ca\r\nContent-Type: application/pkixcmp\r\n"
                            b"Connection: keep-alive\r\nContent-Length: %d\r\n\r\n" % len(content) + content)
            return read_message(self.up)
        except OSError:
            return None

    def ask_own(self, content):
        # The CA ends its connection with the transaction, whatever it said of keep-alive.
        if self.up is not None and select.select([self.up], [], [], 0.02)[0]:
            self.up.close()
            self.up = None
        if self.up is None:
            self.up = socket.create_connection(self.ca, 30)
        answer = self.exchange(content)
        if answer is None:
            self.up.close()
            self.up = socket.create_connection(self.ca, 30)
            answer = self.exchange(content)
        if answer is None:
            raise OSError("the CA closed the connection")
        if b"keep-alive" not in answer[0].lower():
            self.up.close()
            self.up = None
        return answer[1]

    def serve_one(self):
        message = read_message(self.sock, self.rest)
        if message is None:
            return False
        head, content, self.rest = message
        if head.split(b" ", 1)[0] != b"POST":
            self.sock.sendall(response("405 Method Not Allowed", b""))
            return True
        with lock:
            n = next(numbers)
        keep(self.folder, n, "req", content)
        mode = mode_of(self.folder)
        if mode.startswith("slow:"):
            time.sleep(float(mode[5:]))
            mode = "pass"
        if mode == "pass":
            answer = self.ask_ca(content)
            keep(self.folder, n, "rsp", answer)
            self.sock.sendall(response("200 OK", answer))
        elif mode == "never":
            self.sock.recv(1)
            return False
        elif mode == "garbage":
            self.sock.sendall(response("200 OK", b"\x30\x03nonsense"))
        elif mode == "half":
            answer = self.ask_ca(content)
            self.sock.sendall(response("200 OK", answer[:len(answer) // 2], length=len(answer)))
            return False
        elif mode == "page":
            self.sock.sendall(response("500 Internal Server Error", b"<html>sorry</html>", "text/html"))
        elif mode == "empty":
            self.sock.sendall(response("204 No Content", b""))
        elif mode == "redirect":
            self.sock.sendall(response("302 Found", b"", extra="Location: http://127.0.0.1:9/\r\n"))
        elif mode == "close":
            return False
        return True

    def serve(self):
        try:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while self.serve_one():
                pass
        except (OSError, ValueError) as e:
            print("relay: %s" % e, flush=True)
        finally:
            self.sock.close()
            if self.up is not None:
                self.up.close()


def main():
    global shared
    host, port = sys.argv[1].rsplit(":", 1)
    folder = sys.argv[2]
    if sys.argv[3:] == ["one"]:
        shared = Connection(None, (host, int(port)), folder)
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print("relay on %d" % listener.getsockname()[1], flush=True)
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=Connection(sock, (host, int(port)), folder).serve, daemon=True).start()


main()
