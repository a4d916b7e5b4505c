"""Names of services for pods, as much of DNS as they need: SERVICE.NAMESPACE.svc.cluster.local leads to its ready pods when it is headless, else to
its own address. Everything else is not known."""
import socket
import struct
import threading

from lib import Failed

A, NO_SUCH_NAME = 1, 3
ZONE = ["svc", "cluster", "local"]


class Names(threading.Thread):
    def __init__(self, node, address):
        super().__init__(daemon=True)
        self.node = node
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 53))

    def run(self):
        while True:
            query, peer = self.socket.recvfrom(512)
            try:
                self.socket.sendto(self.answer(query), peer)
            except (ValueError, IndexError, struct.error, OSError, Failed):
                pass  # not a question, or nobody to ask: it comes again

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        addresses = self.addresses(labels)
        rows = [b"\xc0\x0c" + struct.pack(">HHIH", A, 1, 1, 4) + socket.inet_aton(a) for a in addresses or [] if kind == A]
        flags = 0x8580 | (NO_SUCH_NAME if addresses is None else 0)
        return query[:2] + struct.pack(">HHHHH", flags, 1, len(rows), 0, 0) + query[12:at + 5] + b"".join(rows)

    def addresses(self, labels):
        """None: there is no such name"""
        if len(labels) != 5 or labels[2:] != ZONE:
            return None
        try:
            service = self.node.get("service", labels[0], "-n", labels[1])["spec"]["clusterIP"]
        except Failed:
            return None
        if service != "None":
            return [service]
        slices = self.node.get("endpointslices", "-n", labels[1], "-l", f"kubernetes.io/service-name={labels[0]}")["items"]
        return [a for s in slices for e in s["endpoints"] or [] if e["conditions"].get("ready") for a in e["addresses"]]
