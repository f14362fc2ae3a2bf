"""A nameserver on loopback with its faults."""

from __future__ import annotations

import socket
import threading

from dnslib import QTYPE, RCODE, RR, DNSRecord


class FaultyServer(threading.Thread):
    """A nameserver on loopback: `zone` answers; a name with "servfail" or "silent" in it does that; else NXDOMAIN."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.zone: dict[tuple[str, str], list[object]] = {}
        self.asked: list[str] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def run(self) -> None:
        while True:
            try:
                data, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            if not data:
                return
            request = DNSRecord.parse(data)
            name, kind = str(request.q.qname).rstrip(".").lower(), QTYPE[request.q.qtype]
            self.asked.append(name)
            if "silent" in name:
                continue
            reply = request.reply()
            if "servfail" in name:
                reply.header.rcode = RCODE.SERVFAIL
            elif not any(known == name for known, _ in self.zone):
                reply.header.rcode = RCODE.NXDOMAIN
            for rdata in self.zone.get((name, kind), []):
                reply.add_answer(RR(name, request.q.qtype, ttl=60, rdata=rdata))
            self.socket.sendto(reply.pack(), peer)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knock:
            knock.sendto(b"", ("127.0.0.1", self.port))
        self.join(5)
        self.socket.close()
