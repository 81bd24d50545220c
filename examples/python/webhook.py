#!/usr/bin/env python3
"""A webhook receiver: checks the signature, drops repeats, prints one line an event.

    python3 webhook.py --port 9000 --secret SECRET
"""
import argparse
import hashlib
import hmac
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

arguments = argparse.ArgumentParser()
arguments.add_argument("--port", type=int, default=9000)
arguments.add_argument("--secret", required=True)
arguments = arguments.parse_args()
seen = set()


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        stamp = self.headers.get("x-flumen-timestamp", "0")
        made = hmac.new(arguments.secret.encode(), stamp.encode() + b"." + body, hashlib.sha256)
        told = self.headers.get("x-flumen-signature", "")
        fresh = abs(time.time() - int(stamp)) < 300
        if not fresh or not hmac.compare_digest("sha256=" + made.hexdigest(), told):
            self.answer(401)
            return
        self.answer(204)
        if self.headers["x-flumen-id"] in seen:
            return
        seen.add(self.headers["x-flumen-id"])
        event = json.loads(body)
        words = [event["camera"], event["kind"], event["phase"], event["zone"], event["detail"], event["id"]]
        print(" ".join(word or "-" for word in words), flush=True)

    def answer(self, status):
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


ThreadingHTTPServer(("127.0.0.1", arguments.port), Hook).serve_forever()
