#!/usr/bin/env python3
"""Takes a picture of a page of a running agent with headless Chromium, as high as the page is, after it has refreshed itself a few times.

    tests/screenshot.py URL OUT.png [light|dark]

Fails when there is no picture, or when the page did not come to show what the agent says (a script error leaves it at "…"). Chromium is asked
over its debugging pipe: JSON with a zero byte behind it, https://chromedevtools.github.io/devtools-protocol/. Its virtual time would be
shorter to write, and would add seconds to every "ago" on the page.
"""
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

WIDTH, SECONDS, ATTEMPTS = 1400, 7, 3


class Browser:
    def __init__(self, program, profile):
        here_in, theirs_out = os.pipe()
        theirs_in, here_out = os.pipe()

        def descriptors():  # the pipe is 3 and 4 over there
            high = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)
        self.child = subprocess.Popen([program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                                       "--disable-component-update", "--disable-sync", "--hide-scrollbars", f"--user-data-dir={profile}", f"--window-size={WIDTH},300",
                                       "--remote-debugging-pipe", "about:blank"], preexec_fn=descriptors, close_fds=False, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self.reads, self.writes, self.last = os.fdopen(here_in, "rb"), os.fdopen(here_out, "wb"), 0
        self.rest = b""

    def end(self):
        self.child.terminate()
        self.child.wait()

    def ask(self, method, session=None, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params, **({"sessionId": session} if session else {})}
        self.writes.write(json.dumps(message).encode() + b"\0")
        self.writes.flush()
        while True:
            while b"\0" not in self.rest:
                more = self.reads.read1(1 << 16)
                if not more:
                    raise SystemExit(f"screenshot.py: {self.child.args[0]} has ended")
                self.rest += more
            one, self.rest = self.rest.split(b"\0", 1)
            answer = json.loads(one)
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise SystemExit(f"screenshot.py: {method}: {answer['error']['message']}")
                return answer["result"]


class Page:
    """A page that is open; as high as it is when it is pictured."""

    def __init__(self, browser, url, scheme="light"):
        self.browser = browser
        target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.ask("Page.enable")
        self.ask("Page.navigate", url=url)

    def ask(self, method, **params):
        return self.browser.ask(method, self.session, **params)

    def value(self, expression):
        """Of JavaScript; ValueError when it fails, as it may while the page comes"""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise ValueError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def text(self):
        return self.value("document.body.innerText")

    def picture(self):
        """PNG"""
        height = int(self.ask("Page.getLayoutMetrics")["cssContentSize"]["height"])
        self.ask("Emulation.setDeviceMetricsOverride", width=WIDTH, height=height, deviceScaleFactor=1, mobile=False)
        time.sleep(0.5)
        return base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])


def start(profile):
    """A browser that answers; None: there is none. It is the instrument here: one that ends as it starts is started again, and that is said."""
    program = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
    for attempt in range(ATTEMPTS if program else 0):
        browser = Browser(program, f"{profile}-{attempt}")
        try:
            browser.ask("Browser.getVersion")
            return browser
        except (BrokenPipeError, SystemExit):
            browser.end()
            print(f"# {program} ended as it started, with status {browser.child.returncode}", file=sys.stderr)
    if program:
        raise SystemExit(f"screenshot.py: {program} ended as it started, {ATTEMPTS} times")
    return None


def main():
    if len(sys.argv) not in (3, 4):
        raise SystemExit("usage: screenshot.py URL OUT.png [light|dark]")
    url, out = sys.argv[1:3]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = start(os.path.join(profile, "profile"))
        if not browser:
            raise SystemExit("screenshot.py: no chromium on this machine: tests/setup.sh page")
        try:
            page = Page(browser, url, sys.argv[3] if len(sys.argv) == 4 else "light")
            time.sleep(SECONDS)
            png, text = page.picture(), page.text()
        finally:
            browser.end()
    if "…" in text.split("\n")[0] or "The agent does not answer" in text or len(text) < 100:
        raise SystemExit(f"screenshot.py: the page does not show what the agent says: {text[:300]!r}")
    with open(out, "wb") as f:
        f.write(png)


if __name__ == "__main__":
    main()
