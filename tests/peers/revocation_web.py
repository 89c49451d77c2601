# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server for what tells of revocation, on a free port that it prints.

revocation_web.py FOLDER LOG
/crl/NAME      the file FOLDER/NAME
/ocsp...       passed on to the responder whose port stands in FOLDER/ocsp.port
/hang...       taken, and never answered
/moved...      a redirect to the same path without /moved
/huge          more octets than anybody wants, without an end
Each request is one line of LOG: method and path.
"""
import http.server
import os
import sys
import time
import urllib.request

folder, log = sys.argv[1:3]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *args):
        pass

    def give(self, status, kind, content, more=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in more:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def note(self):
        with open(log, "a") as f:
            f.write("%s %s\n" % (self.command, self.path))

    def hang(self):
        # The client goes first.
        self.connection.settimeout(60)
        try:
            self.connection.recv(1)
        except OSError:
            pass
        self.close_connection = True

    def pour(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for _ in range(1024):
                self.wfile.write(b"10000\r\n" + b"\x30" * 65536 + b"\r\n")
        except OSError:
            pass
        self.close_connection = True

    def do_GET(self):
        self.note()
        path = os.path.join(folder, os.path.basename(self.path))
        if self.path.startswith("/hang"):
            self.hang()
        elif self.path == "/huge":
            self.pour()
        elif self.path.startswith("/moved"):
            self.give(302, "text/plain", b"", [("Location", self.path[len("/moved"):])])
        elif self.path.startswith("/crl/") and os.path.exists(path):
            with open(path, "rb") as f:
                self.give(200, "application/octet-stream", f.read())
        else:
            self.give(404, "text/plain", b"no such thing\n")

    def do_POST(self):
        self.note()
        content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path.startswith("/hang"):
            self.hang()
        elif self.path.startswith("/ocsp"):
            port = open(os.path.join(folder, "ocsp.port")).read().strip()
            ask = urllib.request.Request("http://127.0.0.1:%s/" % port, content, {"Content-Type": self.headers["Content-Type"]})
            with urllib.request.urlopen(ask, timeout=10) as answer:
                self.give(answer.status, answer.headers["Content-Type"], answer.read())
        else:
            self.give(404, "text/plain", b"no such thing\n")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print("web on %d" % server.server_address[1], flush=True)
server.serve_forever()
