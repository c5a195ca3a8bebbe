"""A small server of the harvest specification, for who builds one and for our own tests.

    python docs/harvest_reference_server.py counts.csv --port 8900 --credential SECRET

reads a CSV file with the columns library, home_library, month and units, and offers it. `--fault KIND` makes
it misbehave, to see what a harvester makes of it. Needs Python 3.11 and nothing else.
"""

import argparse
import csv
import hmac
import json
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ENVELOPE = {"specification": "borrowit-harvest", "version": "1.0"}
FAULTS = {
    "slow": "sends a byte now and then",
    "short": "announces more bytes than it sends",
    "long": "announces fewer bytes than it sends",
    "huge": "sends without end",
    "html": "sends a web page",
    "redirect": "leads to a private address",
    "repeat": "gives the month before the one that was asked for",
    "twice": "names a library twice",
    "die": "breaks off half-way through the counts",
    "busy": "refuses with code 1010",
    "denied": "does not accept the credential",
}


class HarvestServer(ThreadingHTTPServer):
    """Offers counts[library][month][home library] = units; `ready_through` is the last month, as 2026-09.

    `faults` gives a fault for a month, or for every answer under "*"; `exceptions` a code for a library and
    month. `asked` notes the addresses that were asked.
    """

    daemon_threads = True

    def __init__(self, counts, *, port=0, credential="", ready_through=None, faults=None, exceptions=None):
        super().__init__(("127.0.0.1", port), _Answers)
        self.counts, self.credential, self.ready_through = counts, credential, ready_through
        self.faults, self.exceptions = dict(faults or {}), dict(exceptions or {})
        self.asked = []

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}/harvest"

    def handle_error(self, request, client_address):
        """Say nothing of a client that left."""


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        """Keep no log of requests."""

    def do_GET(self):
        asked = urlsplit(self.path)
        self.server.asked.append(self.path)
        month = parse_qs(asked.query).get("month", [""])[0]
        fault = self.server.faults.get(month) or self.server.faults.get("*")
        given = self.headers.get("Authorization", "")
        if fault == "denied" or (
            self.server.credential and not hmac.compare_digest(given, f"Bearer {self.server.credential}")
        ):
            return self._refuse(401, 2000, "This credential is not accepted.")
        if fault == "busy":
            return self._refuse(503, 1010, "Nightly reports are running.")
        what = asked.path.rpartition("/")[2]
        if what == "status":
            ready = {"ready_through": self.server.ready_through} if self.server.ready_through else {}
            return self._say({**ENVELOPE, "service": "available", **ready}, fault)
        if what == "members":
            members = [{"library": library} for library in sorted(self.server.counts)]
            return self._say({**ENVELOPE, "members": members}, fault)
        if what == "counts":
            return self._say(self._counts(month, fault), fault)
        return self._refuse(404, 3020, "Ask for status, members or counts.")

    def _counts(self, month, fault):
        if fault == "repeat":
            year, number = map(int, month.split("-"))
            month = f"{year - (number == 1)}-{(number - 2) % 12 + 1:02}"
        members = []
        for library, months in sorted(self.server.counts.items()):
            member = {"library": library, "loans": []}
            no_data = None if month in months else 3030
            if code := self.server.exceptions.get((library, month), no_data):
                member["exceptions"] = [{"code": code}]
            else:
                member["loans"] = [
                    {"home_library": home, "units": units}
                    for home, units in sorted(months.get(month, {}).items())
                ]
            members.append(member)
        if fault == "twice":
            members *= 2
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        return {**ENVELOPE, "month": month, "made_at": made_at, "counts": members}

    def _refuse(self, status, code, message):
        self._send(status, {**ENVELOPE, "exceptions": [{"code": code, "message": message}]})

    def _say(self, answer, fault):
        if fault == "html":
            return self._send(200, b"<!doctype html><title>Sign in</title>", "text/html")
        if fault == "redirect":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if fault in ("slow", "short", "long", "huge", "die"):
            return self._misbehave(json.dumps(answer).encode(), fault)
        return self._send(200, answer)

    def _misbehave(self, body, fault):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        announced = {"short": len(body) + 100, "long": len(body) // 2, "slow": len(body), "die": len(body)}
        if fault in announced:
            self.send_header("Content-Length", str(announced[fault]))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if fault == "die":
            body = body[: len(body) // 2]
        if fault == "slow":
            for place in range(len(body)):
                self.wfile.write(body[place : place + 1])
                self.wfile.flush()
                time.sleep(0.1)
        elif fault == "huge":
            for _ in range(100_000):
                self.wfile.write(b" " * 65_536)
        else:
            self.wfile.write(body)

    def _send(self, status, answer, content_type="application/json"):
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def read_counts(path):
    """Return counts[library][month][home library] = units of a CSV file."""
    counts = defaultdict(lambda: defaultdict(dict))
    with Path(path).open(encoding="utf-8-sig", newline="") as text:
        for row in csv.DictReader(text):
            counts[row["library"]][row["month"]][row["home_library"]] = int(row["units"])
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("counts", help="CSV with the columns library, home_library, month and units")
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--credential", default="", help="what has to be sent as Authorization: Bearer")
    parser.add_argument("--ready-through", help="last month that is complete, as 2026-09")
    kinds = "; ".join(f"{kind}: {words}" for kind, words in FAULTS.items())
    parser.add_argument("--fault", choices=FAULTS, help=kinds)
    said = parser.parse_args()
    server = HarvestServer(
        read_counts(said.counts),
        port=said.port,
        credential=said.credential,
        ready_through=said.ready_through,
        faults={"*": said.fault} if said.fault else None,
    )
    sys.stdout.write(f"Serving {server.address}\n")
    server.serve_forever()


if __name__ == "__main__":
    main()
