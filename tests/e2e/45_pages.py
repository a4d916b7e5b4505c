"""The status page and the targets page in a real browser: what they show is what the agent says, also when a destination is away; a trace id finds its
lines; lines written by strangers are shown and not run; nothing is asked of anybody but the agent."""
import os
import sys

from lib import HERE, Agent, Loki, Pod, Skip, free_ports, main, wait_for

sys.path.insert(0, os.path.dirname(HERE))
import screenshot  # noqa: E402

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
NASTY = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script><b>bold</b>"


def browser(s):
    found = screenshot.start(f"{s.work}/profile")
    if not found:
        raise Skip("no chromium: tests/setup.sh page installs it")
    return found


def shows(s, page, what, expression, timeout=20):
    def holds():
        try:
            return page.value(expression)
        except ValueError:
            return False
    return wait_for(lambda: f"{what}; the page says {page.text()[:600]!r}", holds, timeout, 0.3)


def own_only(s, page, url):
    asked = page.value("performance.getEntriesByType('resource').map(e => e.name)")
    s.expect(asked and all(a.startswith(url) for a in asked), f"it asks {asked}")


def status(s):
    loki = Loki(f"{s.work}/loki").start()
    agent = Agent(s.work, [loki.url]).start()
    pod = Pod(agent.pods, "shop-0", namespace="shop")
    pod.create()
    pod.write(f"order placed trace_id={TRACE}", "without an id", NASTY)
    chromium = browser(s)
    try:
        page = screenshot.Page(chromium, agent.url + "/")
        shows(s, page, "all is well", "document.getElementById('verdict').innerText.includes('Everything is delivered')")
        shows(s, page, "the records", "document.querySelectorAll('#records tbody tr').length == 3")
        s.expect(page.value("document.getElementById('version').textContent") == agent.api("status")["data"]["version"], "the version")
        s.expect(page.value("document.getElementById('destinations').innerText").find(loki.url) >= 0, "the destination")
        s.expect(NASTY in page.value("document.getElementById('records').textContent"), "the hostile line is not shown as it is")
        s.expect(page.value("window.hacked === undefined && document.images.length == 0 && !document.querySelector('#records b, #records script')"), "a log line became markup")
        page.value(f"(() => {{ const i = document.getElementById('search'); i.value = '{TRACE}'; i.dispatchEvent(new Event('input', {{ bubbles: true }})); }})()")
        shows(s, page, "the line of the trace", "document.getElementById('record-note').textContent.startsWith('1 match')")
        own_only(s, page, agent.url)
        light = page.value("getComputedStyle(document.body).backgroundColor")
        dark = screenshot.Page(chromium, agent.url + "/", "dark")
        shows(s, dark, "the dark page", "document.getElementById('version').textContent != '…'")
        s.expect(dark.value("getComputedStyle(document.body).backgroundColor") != light, "dark is as bright as light")
        picture = page.picture()
        s.expect(picture[:8] == b"\x89PNG\r\n\x1a\n" and len(picture) > 20000, f"a picture of {len(picture)} bytes")
        page.ask("Page.bringToFront")  # one that nobody sees does not ask
        loki.kill()
        pod.write("nobody takes this")
        shows(s, page, "that the destination is away", "/does not accept lines/.test(document.getElementById('verdict').innerText)", 30)
        agent.stop()
        shows(s, page, "that the agent is gone", "document.getElementById('verdict').innerText.includes('The agent does not answer')", 30)
    finally:
        chromium.end()


def targets(s):
    down, up = free_ports(1), free_ports(1)
    agent = Agent(s.work, config=f"""metrics:
  global: {{ scrape_interval: 1s, scrape_timeout: 1s }}
  self: {{ enabled: true }}
  scrape_configs:
    - job_name: away
      static_configs: [{{ targets: ["127.0.0.1:{down}"], labels: {{ note: "<img src=x onerror=window.hacked=1>" }} }}]
  remote_write: [{{ url: "http://127.0.0.1:{up}/api/v1/write" }}]
""").start()
    chromium = browser(s)
    try:
        page = screenshot.Page(chromium, agent.url + "/targets")
        shows(s, page, "one of two up", "/1 of 2 targets up/.test(document.body.innerText)")
        shows(s, page, "the error of the other", "/refused|connect/i.test(document.body.innerText)")
        s.expect(page.value("window.hacked === undefined && document.images.length == 0 && document.body.textContent.includes('<img src=x')"), "a label became markup")
        own_only(s, page, agent.url)
    finally:
        chromium.end()
    agent.stop()


main(status, targets)
