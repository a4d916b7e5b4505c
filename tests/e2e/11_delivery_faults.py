"""What a destination can do (docs/OPERATIONS.md, fault table, rows 86 to 114): every answer that Loki, a gateway or a bad
network gives. Nothing is lost that Loki did not refuse for good; what it refused is counted under Loki's own reason."""
import os
import re
import ssl
import subprocess
import time

import oracle
from fake_loki import FakeLoki, Reply
from lib import Agent, Pod, Skip, certificate, clients_config, finish, free_ports, generate, get, main, total, wait_for

TEXT = {
    "stream_rate": "Per stream rate limit exceeded (limit: 3MB/sec) while attempting to ingest for stream '%s' totaling 1B, consider splitting "
                   "a stream via additional labels or contact your Loki administrator to see if the limit can be increased",
    "tenant_rate": "ingestion rate limit exceeded for user fake (limit: 4194304 bytes/sec) while attempting to ingest '100' lines totaling '1' "
                   "bytes, reduce log volume or contact your Loki administrator to see if the limit can be increased",
    "stream_limit": "Maximum active stream limit exceeded when trying to create stream %s, reduce the number of active streams (reduce labels or "
                    "reduce label values), or contact your Loki administrator to see if the limit can be increased, user: 'fake'",
}


def setup(s, behave=None, extra="", **kw):
    fake = FakeLoki(free_ports(1), behave).start()
    return fake, Agent(s.work, config=clients_config([f"http://127.0.0.1:{fake.port}"], extra), dev=True, **kw)


def complete(s, fake, agent, truth, timeout=30):
    wait_for(lambda: f"{truth.records} records, there are {fake.count()}", lambda: fake.has_all(truth), timeout, 0.3)
    tally = fake.tally(oracle.Tally(truth, is_wire=True))
    s.no_problems(tally.problems())
    s.expect(not fake.damage, f"undecodable requests: {fake.damage[:2]}")
    return tally


def end(s, agent):
    s.expect(agent.stop() == 0, "exit status is not 0")
    agent.check()


def by_turns(*replies, healthy_after):
    """Answers from the list in turn, from request number healthy_after on 204."""
    return lambda request: Reply() if request.n >= healthy_after else replies[request.n % len(replies)]()


def storms(s):
    """5xx, 408, 429, 401, 404, resets before and after storing, one after the other (rows 90, 91, 93, 95, 99, 100)."""
    replies = [lambda st=st: Reply(st, "trouble") for st in (500, 502, 503, 504, 408, 429, 401, 403, 404)]
    replies += [lambda: Reply(then="reset"), lambda: Reply(204, store=lambda e: True, then="reset"), lambda: Reply(500, "half", store=lambda e: hash(e.line) % 2 == 0)]
    fake, agent = setup(s, by_turns(*replies, healthy_after=24))
    agent.start()
    truth = oracle.Manifest(finish(generate(s.work, wait=False, containers=5, rate=100, seconds=5)))
    tally = complete(s, fake, agent, truth, 90)
    dropped = total(agent.scrape(), "spoor_log_lines_dropped_total")
    s.expect(dropped == 0, f"{dropped:.0f} lines dropped")
    s.note(f"{fake.request_count()} requests, {tally.resent} records re-sent identically")
    end(s, agent)


def resets_in_body(s):
    fake, agent = setup(s)
    fake.reset_in_body = 6
    agent.start()
    truth = oracle.Manifest(generate(s.work, containers=5, rate=0, records=400))
    complete(s, fake, agent, truth)
    end(s, agent)


def retry_after(s):
    """429 with Retry-After is waited for, junk and absurd values do not hang or spin it (rows 92, 94)."""
    asked = iter(["2", "junk", "-5", "", "0"])
    fake, agent = setup(s, lambda r: Reply(429, TEXT["tenant_rate"], [("Retry-After", v)]) if (v := next(asked, None)) is not None else Reply())
    agent.start()
    pod = Pod(agent.pods, "later")
    pod.write("one")
    wait_for("the line", lambda: fake.lines(pod="later") == ["one"], 30)
    at = [r.at for r in fake.requests]
    s.expect(at[1] - at[0] >= 1.95, f"came back after {at[1] - at[0]:.2f} s, asked for 2 s")
    s.expect(at[1] - at[0] < 6, f"came back only after {at[1] - at[0]:.2f} s, asked for 2 s")
    s.expect(min(b - a for a, b in zip(at[1:], at[2:])) > 0.02, "no pause between attempts")
    huge = iter([Reply(503, "", [("Retry-After", "99999999999999999999")])])
    fake.behave = lambda r: next(huge, Reply())
    pod.write("two")
    wait_for("an attempt", lambda: len(fake.requests) > len(at), 10)
    time.sleep(0.5)
    retry = agent.api("destinations")
    s.expect("503" in str(retry) or "backoff" in str(retry), f"the API does not tell the state: {retry}")
    agent.stop(timeout=40)
    agent.check()


def partial_400(s):
    """Loki stores most of a batch and answers 400 with a list: the rest is counted by reason, nothing is sent again (row 96)."""
    def behave(request):
        bad = [e for _, entries in request.streams for e in entries if "poison" in e.line]
        if not bad:
            return Reply()
        e = bad[0]
        labels = "{" + ", ".join(f'{k}="{v}"' for k, v in sorted(e.labels.items())) + "}"
        text = "".join(f"entry with timestamp 2026-11-21 10:00:00 +0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: 2026-11-21T10:00:00Z, "
                       f"oldest acceptable timestamp is: 2026-11-21T10:30:00Z',\nuser 'fake', total ignored: {len(bad)} out of {request.entries} for stream: {labels}\n" for _ in (1,))
        return Reply(400, text, store=lambda x: "poison" not in x.line)

    fake, agent = setup(s, behave)
    agent.start()
    pod, other = Pod(agent.pods, "mixed"), Pod(agent.pods, "clean")
    want = []
    for i in range(60):
        text = f"poison {i}" if i % 20 == 7 else f"good {i}"
        want += [text] if "good" in text else []
        pod.write(text)
        other.write(f"other {i}")
    wait_for("the good ones", lambda: fake.lines(pod="mixed") == want and len(fake.lines(pod="clean")) == 60, 15)
    wait_for("3 lines dropped as too far behind", lambda: total(agent.scrape(), "spoor_log_lines_dropped_total") == 3, 10)
    reasons = {dict(k)["reason"]: v for k, v in agent.scrape()["spoor_log_lines_dropped_total"].items() if v}
    s.expect(set(reasons) <= {"too_far_behind", "out_of_order"}, f"reasons are {reasons}")
    drops = str(agent.api("drops"))
    s.expect("too far behind" in drops and "mixed" in drops, f"/api/v1/drops does not tell: {drops[:300]}")
    sent_again = len([r for r in fake.requests if any("poison" in e.line for _, es in r.streams for e in es)])
    s.note(f"poison seen in {sent_again} requests")
    end(s, agent)


def line_too_long(s):
    """The server's limit is smaller than ours: the entries it names are dropped, those around them stay (row 96)."""
    def behave(request):
        bad = [e for _, entries in request.streams for e in entries if len(e.line) > 1000]
        if not bad:
            return Reply()
        labels = "{" + ", ".join(f'{k}="{v}"' for k, v in sorted(bad[0].labels.items())) + "}"
        return Reply(400, f"max entry size '1000' bytes exceeded for stream '{labels}' while adding an entry with length '{len(bad[0].line)}' bytes",
                     store=lambda x: len(x.line) <= 1000)

    fake, agent = setup(s, behave)
    agent.start()
    pod = Pod(agent.pods, "long")
    pod.write("one", "x" * 2000, "two")
    wait_for("the short lines", lambda: fake.lines(pod="long") == ["one", "two"], 15)
    wait_for("1 line dropped", lambda: total(agent.scrape(), "spoor_log_lines_dropped_total", reason="line_too_long") == 1, 10)
    end(s, agent)


def poison_for_ever(s):
    """A 400 that says nothing useful whenever one entry is in the request: found by halving, the others delivered (row 97)."""
    fake, agent = setup(s, lambda r: Reply(400, "rpc error: something nobody knows") if any("poison" in e.line for _, es in r.streams for e in es) else Reply())
    agent.start()
    pod = Pod(agent.pods, "poison")
    want = [f"good {i}" for i in range(500)]
    pod.write(*want[:250], "poison", *want[250:])
    wait_for(lambda: f"the 500 others, there are {len(fake.lines(pod='poison'))}", lambda: len(fake.lines(pod="poison")) >= 500, 40)
    s.expect(fake.lines(pod="poison") == want, "order or content is wrong")
    wait_for("1 line dropped", lambda: total(agent.scrape(), "spoor_log_lines_dropped_total") == 1, 10)
    s.note(f"{fake.request_count()} requests")
    end(s, agent)


def too_large(s):
    """413 above a size, then 500 "larger than max": the batch is halved until it fits (row 98)."""
    for status, text in ((413, "request body too large"), (500, "rpc error: code = ResourceExhausted desc = grpc: received message larger than max (5000000 vs. 4194304)")):
        fake, agent = setup(s, lambda r: Reply(status, text) if r.raw_bytes > 20000 else Reply(), name=f"agent{status}", pods=f"{s.work}/{status}/pods")
        agent.start()
        truth = oracle.Manifest(generate(s.work, name=f"truth{status}", root=f"{s.work}/{status}", containers=3, rate=0, records=240))
        complete(s, fake, agent, truth, 40)
        s.expect(total(agent.scrape(), "spoor_log_lines_dropped_total") == 0, "lines dropped")
        end(s, agent)
        fake.stop()


def one_line_too_large(s):
    """A single entry that no request may hold: dropped and counted, the rest delivered (row 98)."""
    fake, agent = setup(s, lambda r: Reply(413, "request body too large") if r.raw_bytes > 30000 else Reply())
    agent.start()
    pod = Pod(agent.pods, "large")
    pod.write("one", os.urandom(60000).hex(), "two")
    wait_for("the small lines", lambda: fake.lines(pod="large") == ["one", "two"], 30)
    wait_for(lambda: f"1 line dropped as request_body_too_large: {agent.api('drops')['data']['reasons']}",
             lambda: total(agent.scrape(), "spoor_log_lines_dropped_total", reason="request_body_too_large") == 1, 10)
    end(s, agent)


def blocked_260(s):
    """260 is not a success: hold, tell, go on when it ends."""
    fake, agent = setup(s, lambda r: Reply(260, "ingestion blocked for user fake until '2026-11-22T00:00:00Z' with status code '260'"))
    agent.start()
    pod = Pod(agent.pods, "blocked")
    pod.write("one", "two")
    wait_for("an attempt", fake.request_count, 10)
    time.sleep(1.5)
    m = agent.scrape()
    s.expect(total(m, "spoor_log_lines_sent_total") == 0 and total(m, "spoor_log_lines_dropped_total") == 0, "260 was taken for an answer")
    s.expect("blocked" in str(agent.api("destinations")), "the API does not say blocked")
    fake.behave = lambda r: Reply()
    wait_for("delivery after the block", lambda: fake.lines(pod="blocked") == ["one", "two"], 90)
    end(s, agent)


def credentials(s):
    """401 until the token file has the new token; a token that is empty for a moment, one with a line end (rows 99, 109, 110)."""
    token = f"{s.work}/token"
    with open(token, "w") as f:
        f.write("old\n")
    good = {"now": "Bearer new"}
    fake, agent = setup(s, lambda r: Reply() if r.headers.get("authorization") == good["now"] else Reply(401, "unauthorized"), extra=f"      bearer_token_file: {token}\n")
    agent.start()
    pod = Pod(agent.pods, "secret")
    pod.write("one")
    wait_for("a refusal", fake.request_count, 10)
    time.sleep(1)
    s.expect("unauthorized" in str(agent.api("destinations")), "the API does not say unauthorized")
    s.expect(fake.count() == 0 and total(agent.scrape(), "spoor_log_lines_dropped_total") == 0, "lines dropped on 401")
    with open(token + ".new", "w") as f:
        f.write("new\r\n")
    os.rename(token + ".new", token)
    wait_for("delivery with the new token", lambda: fake.lines(pod="secret") == ["one"], 60)
    open(token, "w").close()
    pod.write("two")
    wait_for("delivery while the file is empty", lambda: fake.lines(pod="secret") == ["one", "two"], 20)
    with open(token, "w") as f:
        f.write("newer\nX-Injected: yes\n")
    good["now"] = "Bearer newer"
    pod.write("three")
    time.sleep(2)
    s.expect(not any("x-injected" in r.headers for r in fake.requests), "a header was injected through the token file")
    with open(token, "w") as f:
        f.write("newer")
    wait_for("delivery with the third token", lambda: fake.lines(pod="secret") == ["one", "two", "three"], 60)
    end(s, agent)


def slow_and_hanging(s):
    """Accepts and never answers; reads a byte at a time; answers a byte at a time (rows 88, 89, 101): deadlines hold, memory is flat."""
    first = [True]

    def behave(request):
        if first[0]:
            first[0] = False
            return Reply(then="hang")
        return Reply(then="drip", pause=0.01)

    fake, agent = setup(s, behave, extra="      timeout: 2s\n")
    agent.start()
    truth = oracle.Manifest(generate(s.work, containers=3, rate=0, records=300))
    complete(s, fake, agent, truth)
    fake.behave = lambda r: Reply()
    fake.read_pause = 0.01
    more = oracle.Manifest(generate(s.work, containers=3, rate=0, from_seq=300, records=100))
    time.sleep(5)
    fake.read_pause = 0.0
    complete(s, fake, agent, more)
    end(s, agent)


def odd_answers(s):
    """200 with garbage, 204 with a body, a redirect, giant and endless replies, junk instead of HTTP (rows 101, 102, 112)."""
    big = b"x" * (1 << 20)
    other = FakeLoki(free_ports(1)).start()
    replies = [lambda: Reply(200, "<html>ok</html>"), lambda: Reply(raw=b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\nleft over bytes"),
               lambda: Reply(307, "", [("Location", f"http://127.0.0.1:{other.port}/loki/api/v1/push")]),
               lambda: Reply(500, big * 20), lambda: Reply(raw=b"\x00\x01\x02 this is not HTTP\r\n\r\n"), lambda: Reply(raw=b""),
               lambda: Reply(503, "", [(f"X-{i}", "y" * 200) for i in range(400)]), lambda: Reply(400, "ignored " * 100000, store=lambda e: True),
               lambda: Reply(raw=b"HTTP/1.1 500 X\r\nContent-Length: 99999999999999\r\n\r\n" + big),
               lambda: Reply(raw=b"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nboo")]
    fake, agent = setup(s, lambda r: replies[r.n]() if r.n < len(replies) else Reply(), extra="      timeout: 2s\n      bearer_token: canary-token\n")
    agent.start()
    pod = Pod(agent.pods, "odd")
    for i in range(len(replies) + 3):
        pod.write(f"line {i}")
        wait_for("the next request", lambda: fake.request_count() > min(i, len(replies)), 30)
    wait_for("the newest line", lambda: f"line {len(replies) + 2}" in fake.lines(pod="odd"), 30)
    s.expect(other.request_count() == 0, "a redirect to another port was followed")
    s.expect(agent.peak_mib < (400 if os.environ.get("SPOOR_DEV") else 64), f"peak RSS {agent.peak_mib:.0f} MiB")
    end(s, agent)


def tls(s):
    """Wrong CA, expired, wrong host, self-signed: refused with a reason, kept, and delivered when the server is right; then
    a CA file that is swapped (rows 107, 108)."""
    d = s.work
    try:
        certificate(d, "ca")
        certificate(d, "otherca")
        certificate(d, "self")
        certificate(d, "good", ca="ca")
        certificate(d, "wronghost", host="elsewhere.example", ip="192.0.2.1", ca="ca")
        certificate(d, "wrongca", ca="otherca")
        certificate(d, "expired", days="0", ca="ca")
    except (OSError, subprocess.CalledProcessError) as e:
        raise Skip(f"openssl cannot make the certificates: {e}")

    def context(name):
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(f"{d}/{name}.crt", f"{d}/{name}.key")
        return c

    served = {"now": context("self")}
    fake = FakeLoki(free_ports(1), tls=lambda: served["now"]).start()
    os.symlink("ca.crt", f"{d}/trusted.crt")
    agent = Agent(s.work, config=clients_config([f"https://127.0.0.1:{fake.port}"], f"      tls_config: {{ca_file: {d}/trusted.crt}}\n"), dev=True).start()
    pod = Pod(agent.pods, "tls")
    pod.write("one")
    for name in ("self", "wronghost", "wrongca", "expired"):
        served["now"] = context(name)
        time.sleep(2.2)
        s.expect(fake.request_count() == 0, f"the {name} certificate was accepted")
        error = str(agent.api("destinations"))
        s.expect(re.search(r"certificate|SSL|TLS|subject", error, re.I), f"{name}: the API does not tell: {error[:300]}")
    served["now"] = context("good")
    wait_for("delivery over TLS", lambda: fake.lines(pod="tls") == ["one"], 15)
    served["now"] = context("wrongca")
    os.symlink("otherca.crt", f"{d}/trusted.new")
    os.rename(f"{d}/trusted.new", f"{d}/trusted.crt")
    fake.stop()
    fake = FakeLoki(fake.port, tls=lambda: served["now"]).start()
    pod.write("two")
    wait_for("delivery with the swapped CA file", lambda: fake.lines(pod="tls") == ["two"], 30)
    end(s, agent)


def stream_limits(s):
    """One stream is over its rate, another cannot be created: those wait, all others flow (rows 113, 114)."""
    state = {"throttled": True}

    def behave(request):
        bad = [(t, es) for t, es in request.streams if 'pod="greedy"' in t or 'pod="fresh"' in t]
        if not bad or not state["throttled"]:
            return Reply()
        name, entries = next(((t, es) for t, es in bad if "greedy" in t), bad[0])  # the ingester tells one of them
        text = TEXT["stream_limit"] % name
        if "greedy" in name:
            text = f"entry with timestamp 2026-11-21 10:00:00 +0000 UTC ignored, reason: '{TEXT['stream_rate'] % name}',\nuser 'fake', total ignored: {len(entries)} out of {len(entries)} for stream: {name}"
        return Reply(429, text, store=lambda e: e.labels["pod"] not in ("greedy", "fresh"))

    fake, agent = setup(s, behave)
    agent.start()
    greedy, fresh, calm = Pod(agent.pods, "greedy"), Pod(agent.pods, "fresh"), Pod(agent.pods, "calm")
    slowest = 0.0
    for i in range(20):
        greedy.write(f"greedy {i}")
        fresh.write(f"fresh {i}")
        calm.write(f"calm {i}")
        t = time.monotonic()
        wait_for(lambda: f"calm {i} while others are throttled; {agent.api('destinations')['data']}", lambda: len(fake.lines(pod="calm")) == i + 1, 10, 0.02)
        slowest = max(slowest, time.monotonic() - t)
    s.expect(fake.lines(pod="greedy") == [] and fake.lines(pod="fresh") == [], "the fake stored what it refused")
    s.expect(total(agent.scrape(), "spoor_log_lines_dropped_total") == 0, "throttled lines were dropped")
    s.note(f"slowest calm line {slowest:.2f} s")
    s.expect(slowest < 4, f"a calm stream waited {slowest:.1f} s behind a throttled one")
    state["throttled"] = False
    for pod in (greedy, fresh):
        wait_for(f"{pod.name} after the limit", lambda: fake.lines(pod=pod.name) == [f"{pod.name} {i}" for i in range(20)], 40)
    end(s, agent)


def bad_labels_and_metadata(s):
    """Structured metadata is not allowed at the server: sent again without it (5d of the contract)."""
    text = "stream '%s' includes structured metadata, but this feature is disallowed. Please see `limits_config.allow_structured_metadata` or contact your Loki administrator to enable it"
    fake, agent = setup(s, lambda r: Reply(400, text % r.streams[0][0]) if any(e.meta for _, es in r.streams for e in es) else Reply())
    agent.start()
    pod = Pod(agent.pods, "plain")
    want = [f"level=info trace_id={i:032x} n" for i in range(1, 40)]
    pod.write(*want)
    wait_for("delivery without structured metadata", lambda: len(fake.lines(pod="plain")) >= len(want), 20)
    s.expect(sorted(fake.lines(pod="plain")) == sorted(want), "lines are wrong")
    end(s, agent)


def address_changes(s):
    """Nobody listens, then somebody does; connections are dropped between requests (row 86 in short, row 119)."""
    port = free_ports(1)
    agent = Agent(s.work, [f"http://127.0.0.1:{port}"], dev=True).start()
    p = generate(s.work, wait=False, containers=5, rate=100, seconds=6)
    time.sleep(2)
    s.expect(get(agent.url + "/-/ready")[0] == 200, "not ready because a destination is away")
    fake = FakeLoki(port, lambda r: Reply(then="close")).start()
    truth = oracle.Manifest(finish(p))
    complete(s, fake, agent, truth)
    end(s, agent)


main(storms, resets_in_body, retry_after, partial_400, line_too_long, poison_for_ever, too_large, one_line_too_large, blocked_260, credentials,
     slow_and_hanging, odd_answers, tls, stream_limits, bad_labels_and_metadata, address_changes)
