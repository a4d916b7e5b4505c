"""An OTLP/HTTP receiver of logs that does what a script says: FakeLoki with another decoder, which is written here by hand, independently of
the libraries that the agent links. An entry's labels are the attributes of its resource; its meta are its attributes and fields."""
import gzip

from fake_loki import Damage, Entry, FakeLoki, Reply, fields

__all__ = ["FakeOtlp", "Reply", "status", "partial"]


def fixed(raw, size):
    if len(raw) != size:
        raise Damage(f"a fixed number of {len(raw)} bytes")
    return int.from_bytes(raw, "little")


def text_of(any_value):
    parts = list(fields(any_value))
    if len(parts) != 1 or parts[0][0] != 1:
        raise Damage("a value that is no text")
    return parts[0][1].decode("utf-8")  # strict: protobuf strings are UTF-8


def attributes(pairs):
    out = {}
    for raw in pairs:
        pair = dict(fields(raw))
        key = pair[1].decode("utf-8")
        if key in out:
            raise Damage(f"attribute {key} twice")
        out[key] = text_of(pair[2])
    return out


def decode_record(labels, b):
    parts, raw = {}, []
    for number, value in fields(b):
        if number == 6:
            raw.append(value)
        elif number in parts or number not in (1, 2, 3, 5, 8, 9, 10):
            raise Damage(f"record field {number}")
        else:
            parts[number] = value
    meta = attributes(raw)
    for number, name, size in ((9, "trace_id", 16), (10, "span_id", 8)):
        if number in parts:
            if len(parts[number]) != size:
                raise Damage(f"{name} of {len(parts[number])} bytes")
            meta[name] = parts[number].hex()
    if 3 in parts:
        meta["severity_text"], meta["severity_number"] = parts[3].decode(), parts[2]
    if 8 in parts and fixed(parts[8], 4):
        meta["flags"] = fixed(parts[8], 4)
    return Entry(labels, fixed(parts[1], 8), text_of(parts[5]), meta)


def decode_logs(body):
    groups = []
    for number, group in fields(gzip.decompress(body)):
        if number != 1:
            raise Damage(f"request field {number}")
        labels, raw = {}, []
        for n, value in fields(group):
            if n == 1:
                labels = attributes(v for k, v in fields(value) if k == 1)
            elif n == 2:
                raw += [v for k, v in fields(value) if k == 2]
            else:
                raise Damage(f"group field {n}")
        groups.append((str(sorted(labels.items())), [decode_record(labels, r) for r in raw]))
    return groups


class FakeOtlp(FakeLoki):
    decode = staticmethod(decode_logs)


def put_varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def put_bytes(number, value):
    return bytes([number << 3 | 2]) + put_varint(len(value)) + value


def status(message, code=3):
    """google.rpc.Status"""
    return b"\x08" + put_varint(code) + put_bytes(2, message.encode())


def partial(rejected, message):
    return put_bytes(1, (b"\x08" + put_varint(rejected) if rejected else b"") + put_bytes(2, message.encode()))
