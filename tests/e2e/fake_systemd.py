"""systemd's manager as far as metrics go, on a real bus: a dbus-daemon of our own, and a service that takes the name
org.freedesktop.systemd1, lists units and tells their properties out of a file (its format: tests/fixtures/collectors/systemd.bus).
D-Bus is spoken by hand, little-endian: https://dbus.freedesktop.org/doc/dbus-specification.html"""
import os
import shutil
import socket
import struct
import tempfile
import threading
import time

from lib import Failed, Process, Skip, wait_for

CONFIG = """<busconfig><type>session</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>"""
CALL, REPLY, ERROR = 1, 2, 3
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE = range(1, 9)


class Bus:
    """A dbus-daemon on a socket under the temporary folder: the path of a socket may be no longer than 107 bytes."""

    def __init__(self):
        program = shutil.which("dbus-daemon")
        if not program:
            why = "no dbus-daemon"
            raise Failed(why) if os.environ.get("CI") == "true" else Skip(why)
        self.folder = tempfile.mkdtemp(prefix="spoor-bus-")
        self.path = f"{self.folder}/bus"
        self.address = f"unix:path={self.path}"
        with open(f"{self.folder}/conf", "w") as f:
            f.write(CONFIG.format(path=self.path))
        self.process = Process([program, f"--config-file={self.folder}/conf", "--nofork", "--nopidfile", "--nosyslog"], f"{self.folder}/log")
        wait_for(lambda: f"the bus; it says {self.process.log_text()[-400:]}", lambda: os.path.exists(self.path), 10, 0.05)

    def stop(self):
        self.process.terminate()
        shutil.rmtree(self.folder, ignore_errors=True)


class Out:
    def __init__(self):
        self.b = bytearray()

    def align(self, n):
        self.b += bytes(-len(self.b) % n)

    def put(self, kind, value):
        if kind == "v":
            inner, value = value
            self.put("g", inner)
            self.put(inner, value)
        elif kind == "g":
            self.b += bytes([len(value)]) + value.encode() + b"\0"
        elif kind in "so":
            data = value.encode()
            self.put("u", len(data))
            self.b += data + b"\0"
        elif kind == "u":
            self.align(4)
            self.b += struct.pack("<I", value)
        elif kind == "t":
            self.align(8)
            self.b += struct.pack("<Q", value)
        elif kind.startswith("a("):  # of rows, each as its letters say
            self.put("u", 0)
            at = len(self.b)
            self.align(8)
            start = len(self.b)
            for row in value:
                self.align(8)
                for letter, v in zip(kind[2:-1], row):
                    self.put(letter, v)
            self.b[at - 4:at] = struct.pack("<I", len(self.b) - start)
        else:
            raise ValueError(kind)


def message(kind, serial, fields, signature="", values=()):
    body = Out()
    for letter, v in zip([signature] if signature.startswith("a") else signature, values):
        body.put(letter, v)
    head = Out()
    head.b += struct.pack("<cBBBII", b"l", kind, 0, 1, len(body.b), serial)
    rows = [(code, (letter, v)) for code, letter, v in fields] + ([(SIGNATURE, ("g", signature))] if signature else [])
    head.put("u", 0)
    for code, variant in rows:
        head.align(8)
        head.b += bytes([code])
        head.put("v", variant)
    head.b[12:16] = struct.pack("<I", len(head.b) - 16)
    head.align(8)
    return bytes(head.b + body.b)


def text_at(data, at):
    n = struct.unpack_from("<I", data, at)[0]
    return data[at + 4:at + 4 + n].decode(), at + 4 + n + 1


def fields_of(head):
    """The header's fields behind its first 16 bytes"""
    out, at, end = {}, 16, 16 + struct.unpack_from("<I", head, 12)[0]
    while at < end:
        at += -at % 8
        code, letter = head[at], chr(head[at + 2])
        at += 4
        if letter == "g":
            out[code] = head[at + 1:at + 1 + head[at]].decode()
            at += head[at] + 2
        else:
            at += -at % 4
            if letter == "u":
                out[code] = struct.unpack_from("<I", head, at)[0]
                at += 4
            else:
                out[code], at = text_at(head, at)
    return out


def path_of(name):
    """As systemd writes a unit's name into a path"""
    return "/org/freedesktop/systemd1/unit/" + "".join(
        c if c.isascii() and c.isalnum() and not (i == 0 and c.isdigit()) else "".join(f"_{b:02x}" for b in c.encode()) for i, c in enumerate(name))


def read_answers(path):
    """([(name, load state, active state)], {(path of object, interface, property): (type, value)})"""
    units, properties, owner = [], {}, None
    with open(path) as f:
        for row in f:
            words = row.split()
            if not words or words[0] == "#":
                continue
            if words[0] == "unit":
                units.append(tuple(words[1:4]))
                owner = path_of(words[1])
                continue
            at, interface = (owner, words[0]) if row[0] == "\t" else ("/org/freedesktop/systemd1", "Manager")
            name, kind, value = words[1:4]
            properties[at, f"org.freedesktop.systemd1.{interface}", name] = (kind, value if kind == "s" else int(value))
    return units, properties


class Manager(threading.Thread):
    """is_silent: it takes questions and answers none. wait_s: before each answer. die_after: it leaves the bus after so many answers."""

    def __init__(self, bus, path):
        super().__init__(daemon=True)
        self.units, self.properties = read_answers(path)
        self.is_silent, self.wait_s, self.die_after, self.asked, self.serial = False, 0, None, 0, 0
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(bus.path)
        self.file = self.socket.makefile("rb")
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        if not self.file.readline().startswith(b"OK"):
            raise Failed("the bus does not let us in")
        self.socket.sendall(b"BEGIN\r\n")
        self.call("Hello")
        self.call("RequestName", "su", ("org.freedesktop.systemd1", 4))
        self.start()

    def send(self, kind, fields, signature="", values=()):
        self.serial += 1
        self.socket.sendall(message(kind, self.serial, fields, signature, values))
        return self.serial

    def call(self, member, signature="", values=()):
        serial = self.send(CALL, [(PATH, "o", "/org/freedesktop/DBus"), (INTERFACE, "s", "org.freedesktop.DBus"), (MEMBER, "s", member),
                                  (DESTINATION, "s", "org.freedesktop.DBus")], signature, values)
        while True:
            kind, _, fields, _ = self.receive()
            if fields.get(REPLY_SERIAL) == serial:
                if kind != REPLY:
                    raise Failed(f"{member}: {fields.get(ERROR_NAME)}")
                return

    def receive(self):
        head = self.file.read(16)
        if len(head) < 16:
            raise EOFError
        body_bytes, serial, field_bytes = struct.unpack_from("<III", head, 4)
        head += self.file.read((field_bytes + 7) // 8 * 8)
        return head[1], serial, fields_of(head), self.file.read(body_bytes)

    def leave(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()

    def answer(self, serial, fields, body):
        to = [(REPLY_SERIAL, "u", serial), (DESTINATION, "s", fields[SENDER])]
        if fields.get(MEMBER) == "ListUnits":
            rows = [(name, f"Description of {name}", load, active, "", "", path_of(name), 0, "", "/") for name, load, active in self.units]
            self.send(REPLY, to, "a(ssssssouso)", [rows])
            return
        found = None
        if fields.get(MEMBER) == "Get":
            interface, at = text_at(body, 0)
            name, _ = text_at(body, at + -at % 4)
            found = self.properties.get((fields[PATH], interface, name))
        if found:
            self.send(REPLY, to, "v", [found])
        else:
            self.send(ERROR, to + [(ERROR_NAME, "s", "org.freedesktop.DBus.Error.UnknownProperty")], "s", ["no such thing here"])

    def run(self):
        try:
            while self.die_after is None or self.asked < self.die_after:
                kind, serial, fields, body = self.receive()
                if kind != CALL:
                    continue
                self.asked += 1
                if not self.is_silent:
                    time.sleep(self.wait_s)
                    self.answer(serial, fields, body)
            self.leave()
        except (EOFError, OSError, ValueError):
            pass  # the bus has ended, or this has
