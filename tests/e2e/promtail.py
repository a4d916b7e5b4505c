"""The real Promtail, built from Loki's packages (tests/servers/promtail), in the foreground on 127.0.0.1."""
import os

from lib import Failed, Process, Skip, get, wait_for


def binary():
    path = os.environ.get("PROMTAIL", "")
    if os.access(path, os.X_OK):
        return path
    why = "no Promtail: $PROMTAIL does not name one"
    raise Failed(why) if os.environ.get("CI") == "true" else Skip(why)


class Promtail:
    def __init__(self, work, config, port, name="promtail"):
        self.binary, self.url = binary(), f"http://127.0.0.1:{port}"
        self.config, self.log, self.process = f"{work}/{name}.yaml", f"{work}/{name}.log", None
        with open(self.config, "w") as f:
            f.write(config)

    def start(self, *args, **env):
        self.process = Process([self.binary, self.config, *args], self.log, env=dict(os.environ, GOMAXPROCS="1", **env))
        wait_for(lambda: f"Promtail listening; its log ends\n{self.process.log_text()[-800:]}", self._answers, 30, 0.05)
        return self

    def _answers(self):
        if not self.process.is_alive():
            raise Failed(f"Promtail ended: {self.process.log_text()[-800:]}")
        try:
            return get(self.url + "/metrics", 3)[0] == 200
        except OSError:
            return False

    def stop(self):
        self.process.terminate(60)

    def kill9(self):
        self.process.kill()
