"""Commands that need no running agent: check for pipelines, schema, convert, completion, manual page."""
import glob
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time

from lib import ROOT, Skip, main, spoor_binary

CONFIGS = f"{ROOT}/tests/fixtures/config"


def spoor(*args, data=b"", cwd=None):
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=1")
    return subprocess.run([spoor_binary(dev=True), *args], input=data, capture_output=True, timeout=60, env=env, cwd=cwd)


def need(program):
    if not shutil.which(program):
        raise Skip(f"{program} is not installed: tests/setup.sh tests")


def check_json(s):
    """check --format=json: each problem as the text has it, with its suggestion; exit codes with and without --strict."""
    path = f"{CONFIGS}/bad/everything_at_once.yaml"
    r = spoor("check", "--format=json", path)
    told = json.loads(r.stdout)
    s.expect(r.returncode == 78 and not told["valid"] and told["errors"] == len(told["problems"]), f"exit {r.returncode}: {told}")
    text = spoor("check", path).stdout.decode()
    for p in told["problems"]:
        s.expect(f"{path}:{p['line']}:{p['column']}: {p['key']}: {p['message']}" in text and p["file"] == path, f"not in the text: {p}")
    s.expect(any(p["suggestion"] == "log_level" and p["key"] == "server.log_levl" for p in told["problems"]), f"no suggestion: {told}")
    path = f"{CONFIGS}/good/no_effect.yaml"
    told = json.loads(spoor("check", "--format=json", path).stdout)
    s.expect(told["valid"] and told["warnings"] > 3 and {p["severity"] for p in told["problems"]} == {"warning"}, f"{told}")
    codes = [spoor("check", *more, path).returncode for more in ([], ["--strict"], ["--strict", "--format=json"])]
    s.expect(codes == [0, 3, 3], f"exit codes {codes}")
    s.expect(spoor("check", "--strict", f"{CONFIGS}/good/smallest.yaml").returncode == 0, "a file without warnings is refused")
    r = spoor("check", "--format=json", f"{s.work}/nowhere.yaml")
    s.expect(r.returncode == 78 and json.loads(r.stdout)["problems"][0]["line"] == 1, f"a missing file: {r.stdout}")


# What the loader says of a file whose shape is wrong; other faults lie between keys, or in a text that the schema takes as it is.
SHAPE = re.compile(r"unknown key|did you mean|belongs under|expected (an? |one of|true)|not a label name|are internal|is missing")
# Names of encodings have aliases, in any case of letters: the schema lists none.
NO_SHAPE = re.compile(r"expected an? (duration|size)|__path__ is missing|did you mean windows-")


def load_yaml(path):
    import yaml

    class Loader(yaml.SafeLoader):  # JSON has no dates
        yaml_implicit_resolvers = {c: [(t, r) for t, r in rows if not t.endswith(":timestamp")] for c, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()}

    with open(path, "rb") as f:
        return yaml.load(f.read(), Loader)


def schema(s):
    """The schema is valid, takes every good file, and refuses every bad one whose fault is its shape."""
    import jsonschema
    import yaml
    document = json.loads(spoor("schema").stdout)
    jsonschema.Draft202012Validator.check_schema(document)
    validator = jsonschema.Draft202012Validator(document)
    good = sorted(glob.glob(f"{CONFIGS}/good/*.yaml")) + [f"{ROOT}/config/spoor.yaml"]
    for path in good:
        faults = list(validator.iter_errors(load_yaml(path)))
        s.expect(not faults, f"{os.path.basename(path)}: {[(f.json_path, f.message[:200]) for f in faults[:3]]}")
    refused = 0
    for path in sorted(glob.glob(f"{CONFIGS}/bad/*.yaml")):
        with open(path, errors="replace") as f:
            expected = re.findall(r"^# expect \S+ (.*)", f.read(), re.M)
        try:
            tree = load_yaml(path)
        except yaml.YAMLError:
            continue
        is_valid = validator.is_valid(tree)
        refused += not is_valid
        wrong_shape = [e for e in expected if SHAPE.search(e) and not NO_SHAPE.search(e)]
        s.expect(not is_valid or not wrong_shape, f"{os.path.basename(path)} is valid for the schema, but: {wrong_shape}")
    s.expect(refused >= 35, f"only {refused} bad files refused")
    stage = document["$defs"]["stage.json"]["properties"]
    s.expect(set(stage) == {"expressions", "source", "drop_malformed"}, f"keys of the stage json: {stage}")
    s.note(f"{len(good)} taken, {refused} refused")


def convert(s):
    """What comes out passes check and prints the same configuration; exit 3 and a report when something is lost."""
    folder = f"{ROOT}/tests/fixtures/convert"
    r = spoor("convert", "--from=promtail", "promtail.yaml", cwd=folder)
    with open(f"{folder}/promtail.native") as f:  # the words of the reasons are the loader's
        wanted = [line for line in f.read().split("\n") if "# NOT CONVERTED" not in line and "has no effect" not in line]
    got = [line for line in r.stdout.decode().split("\n") if "# NOT CONVERTED" not in line and "has no effect" not in line]
    s.expect(r.returncode == 3 and got == wanted, f"exit {r.returncode}: {r.stdout.decode()} {r.stderr}")
    s.expect(b"promtail.yaml:27:7: not converted: " in r.stderr and b"geoip" in r.stderr, f"{r.stderr}")
    native = f"{s.work}/native.yaml"
    with open(native, "wb") as f:
        f.write(r.stdout)
    r = spoor("check", native)
    s.expect(r.returncode == 0, f"the native file: {r.stdout}")
    r = spoor("convert", f"--report={s.work}/report", f"{CONFIGS}/good/promtail_docs.yaml")
    with open(f"{s.work}/report") as f:
        report = f.read()
    s.expect(r.returncode == 0 and not r.stderr and "0 not converted" in report, f"exit {r.returncode}: {r.stderr} {report}")
    r = spoor("convert", "--from=prometheus", f"{CONFIGS}/good/promtail_docs.yaml")
    s.expect(r.returncode == 78 and not r.stdout and b"--from=promtail" in r.stderr, f"the wrong program: {r.returncode} {r.stderr}")
    r = spoor("convert", "-", data=b"remote_write: [{url: 'http://a/api/v1/write'}]\n")
    s.expect(r.returncode == 0 and b"scrape_interval: 1m" in r.stdout, f"standard input: {r}")
    for args in ([], ["a", "b"], ["--from=fluent-bit", "a"]):
        s.expect(spoor("convert", *args).returncode == 2, f"{args} is taken")


class Terminal:
    """A shell that thinks somebody types."""

    def __init__(self, *argv, kind="dumb"):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM=kind, ZDOTDIR="/nonexistent")
            os.environ.pop("NO_COLOR", None)
            os.execvp(argv[0], argv)

    def type(self, data, until, timeout=60):
        os.write(self.fd, data)
        seen, end = b"", time.monotonic() + timeout
        while until not in seen and time.monotonic() < end:
            try:
                if select.select([self.fd], [], [], 0.2)[0]:
                    seen += os.read(self.fd, 65536)
            except OSError:  # the other end is gone
                break
        return seen

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def yaml_block(path, number=0):
    with open(path) as f:
        return re.findall(r"^```yaml\n(.*?)^```", f.read(), re.S | re.M)[number]


def inspect_stages(s):
    """inspect --stages: docs/TESTING_PIPELINES.md shows what it prints for the pipeline of docs/STAGES.md; as JSON it says the same."""
    config = f"{s.work}/spoor.yaml"
    with open(config, "w") as f:
        f.write(yaml_block(f"{ROOT}/docs/STAGES.md"))
    with open(f"{ROOT}/docs/TESTING_PIPELINES.md") as f:
        shown = re.search(r"^```\n(line 1: .*?)^```", f.read(), re.S | re.M).group(1)
    line = b'2026-11-21T09:00:00Z stdout F {"level":"info","message":"paid","user":{"name":"ann"}}\n'
    r = spoor("inspect", f"--config.file={config}", "--job=pods", "--stages", data=line)
    s.expect(r.returncode == 0 and r.stdout.decode().strip() == shown.strip(), f"exit {r.returncode}, {r.stderr.decode()}\n{r.stdout.decode()}\nshown:\n{shown}")
    r = spoor("inspect", f"--config.file={config}", "--job=pods", "--stages", "--output=json", data=line)
    row = json.loads(r.stdout)
    told = {(x["stage"], c["what"], c.get("name"), c["before"], c["after"]) for x in row["stages"] for c in x["changes"]}
    s.expect(row["line"] == "paid" and row["input_lines"] == [1, 1] and [x["number"] for x in row["stages"]] == [2, 3, 4, 5, 6], f"{row}")
    s.expect(("labels", "label", "level", None, "info") in told and ("json", "extracted", "user", None, "ann") in told, f"{told}")
    plain = json.loads(spoor("inspect", f"--config.file={config}", "--job=pods", data=line).stdout)
    s.expect(plain == {k: v for k, v in row.items() if k not in ("stages", "input_lines")}, f"{plain}")
    nasty = b"\x1b]0;owned\x07\xc2\x9b31m\n"
    out = spoor("inspect", "--output=text", "--stages", f"--config.file={config}", data=nasty).stdout
    s.expect(b"\x1b" not in out and b"\xc2\x9b" not in out and b"owned" in out, f"control bytes reach the terminal: {out!r}")
    shell = Terminal(spoor_binary(dev=True), "inspect", "--output=text", kind="xterm")
    try:
        seen = shell.type(b"level=info\n\x04", b"\x1b[0m")
        s.expect(b"\x1b[1mlevel=info\x1b[0m" in seen, f"no colour on a terminal: {seen!r}")
    finally:
        shell.end()


BLOCKS = b"""2026-11-21T09:00:00Z stdout F ERROR 7 first
2026-11-21T09:00:01Z stderr F INFO 70 other
2026-11-21T09:00:02Z stdout F   at a
2026-11-21T09:00:03Z stderr F   more
2026-11-21T09:00:04Z stdout F   at b
2026-11-21T09:00:05Z stdout F INFO last
"""
ERROR_BLOCK = """lines 1 to 5: ERROR 7 first
  2 regex               + extracted level "ERROR"
                        + extracted size "7"
line 3:   at a
  2 regex               nothing
line 5:   at b
  2 regex               nothing
  3 multiline           + joined "3 lines"
  4 metrics             + metric promtail_custom_entries "+1"
                        + metric promtail_custom_size "observed 7"
  5 labels              + label level "ERROR"
  6 match               nothing
    7 tenant              + tenant "oncall"
  => 2026-11-21T09:00:00.000000000Z {job="app", level="ERROR", stream="stdout"} detected_level="error" tenant "oncall"
     ERROR 7 first
       at a
       at b
"""


def blocks(s):
    """inspect and explain say what multiline has put together, out of which lines, and which metrics an entry has touched."""
    with open(f"{ROOT}/tests/fixtures/pipelines/blocks.yaml") as f:
        pipeline = re.search(r"^pipeline_stages:.*?(?=^cases:)", f.read(), re.S | re.M).group(0)
    config, log = f"{s.work}/spoor.yaml", f"{s.work}/app.log"
    with open(config, "w") as f:
        f.write(f"logs:\n  clients: [{{url: 'http://127.0.0.1:1/loki/api/v1/push', tenant_id: home}}]\n  scrape_configs:\n    - job_name: app\n"
                f"      static_configs: [{{labels: {{job: app, __path__: {log}}}}}]\n" + "".join(f"      {line}\n" for line in pipeline.splitlines()))
    with open(log, "wb") as f:
        f.write(BLOCKS)
    out = spoor("inspect", f"--config.file={config}", "--stages", data=BLOCKS).stdout.decode()
    s.expect(ERROR_BLOCK in out, f"inspect:\n{out}\nwant:\n{ERROR_BLOCK}")
    rows = [json.loads(line) for line in spoor("inspect", f"--config.file={config}", "--stages", "--output=json", data=BLOCKS).stdout.splitlines()]
    told = [[(x["input_line"], x["number"], [c["after"] for c in x["changes"] if c["what"] in ("joined", "metric")]) for x in r["stages"]] for r in rows]
    s.expect(told[0][:5] == [(1, 2, []), (3, 2, []), (5, 2, []), (1, 3, ["3 lines"]), (1, 4, ["+1", "observed 7"])], f"{told[0]}")
    s.expect(told[2][:4] == [(2, 2, []), (4, 2, []), (2, 3, ["2 lines"]), (2, 4, ["+1", "observed 70"])] and told[1][1:3] == [(6, 3, []), (6, 4, ["+1"])], f"{told}")
    for line, want, other in ((1, ["2 regex: extracted level=\"ERROR\"", "3 multiline: joined 3 lines", "metric promtail_custom_size observed 7", "tenant oncall"], "2 lines"),
                              (3, ["2 regex: nothing", "3 multiline: joined 3 lines", "metric promtail_custom_entries +1", "  at a\\n  at b"], "2 lines"),
                              (4, ["3 multiline: joined 2 lines", "metric promtail_custom_size observed 70", "INFO 70 other\\n  more"], "oncall"),
                              (6, ["3 multiline: nothing", "unfinished", "INFO last"], "joined")):
        text = spoor("explain", f"--config.file={config}", "--web.listen-address=127.0.0.1:1", f"{log}:{line}").stdout.decode()
        s.expect(all(w in text for w in want) and other not in text, f"explain of line {line}: wanted {want} and not {other!r}:\n{text}")


def test(s):
    """spoor test: files that pass, one that fails with its places, wrong ones, and the one of the documentation."""
    folder = f"{ROOT}/tests/fixtures/pipelines"
    r = spoor("test", "good.yaml", "inline.yaml", "blocks.yaml", cwd=folder)
    s.expect(r.returncode == 0 and r.stdout.count(b"\nok ") + r.stdout.startswith(b"ok ") == 8 and b"8 passed, 0 failed" in r.stdout, f"{r}")
    r = spoor("test", "failing.yaml", cwd=folder)
    text = r.stdout.decode()
    s.expect(r.returncode == 1 and "not ok 1 - all is wrong" in text and "ok 3 - and one that is right" in text and "1 passed, 2 failed" in text, text)
    with open(f"{folder}/failing.yaml") as f:
        lines = f.read().split("\n")
    for what, want, got in (("line", '"PAID"', '"paid"'), ("timestamp", '"2026-11-21T09:00:00.5Z"', '"2026-11-21T09:00:00.000000000Z"'), ("tenant", '"team"', "nothing"),
                            ("labels", '{level="info"}', '{cluster="test", level="info", stream="stdout"}'), ("structured_metadata", "{}", '{detected_level="info", user="ann"}')):
        told = re.search(rf"failing.yaml:(\d+):(\d+): record 1: {what}\n    want (.*)\n    got  (.*)\n", text)
        s.expect(told and told.group(3) == want and told.group(4) == got, f"{what}: {told and told.groups()}\n{text}")
        s.expect(lines[int(told.group(1)) - 1][int(told.group(2)) - 1:].startswith("line: PAID"), f"{what}: not the place of the record: {told.group(0)}")
    for part in ("record 2: dropped\n    want nothing\n    got  \"debug\"", "record 4: did not come\n    want \"never\"", "record 2: is not expected\n    got  \"b\"",
                 'metrics\n    want lines_total{level="info"} 2\n    got  none'):
        s.expect(part in text, f"{part!r} is not told:\n{text}")
    wrong = f"{s.work}/wrong.yaml"
    for body, part in (("config: nowhere.yaml\ncases: []\n", "nowhere.yaml cannot be read"), (f"config: {folder}/spoor.yaml\njob: nobody\ncases: []\n", "has no job nobody"),
                       ("cases: [{nme: a}]\n", "did you mean name?"), (f"config: {CONFIGS}/bad/url_missing.yaml\ncases: []\n", "url is missing")):
        with open(wrong, "w") as f:
            f.write(body)
        r = spoor("test", wrong)
        s.expect(r.returncode == 78 and part in r.stderr.decode(), f"{body!r}: exit {r.returncode}: {r.stderr}")
    s.expect(spoor("test").returncode == 2, "test without a file")
    with open(f"{s.work}/spoor.yaml", "w") as f:
        f.write(yaml_block(f"{ROOT}/docs/STAGES.md"))
    with open(wrong, "w") as f:
        f.write(yaml_block(f"{ROOT}/docs/TESTING_PIPELINES.md"))
    r = spoor("test", wrong)
    s.expect(r.returncode == 0 and b"1 passed" in r.stdout, f"the documentation's: {r.stdout.decode()} {r.stderr.decode()}")


BASH = """source "$1"; shift; complete -p spoor >/dev/null || exit 1
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _spoor; printf '%s\\n' "${COMPREPLY[@]}"
"""
WORDS = [  # the words typed, what must be offered, what must not
    (["che"], {"check"}, {"run"}),
    ([""], {"run", "check", "inspect", "convert", "help"}, {"--format"}),
    (["check", "--fo"], {"--format="}, {"--from="}),
    (["check", "--"], {"--strict", "--format=", "--help"}, {"--job=", "--state.dir="}),
    (["check", "--format", "=", ""], {"text", "json"}, {"cri"}),
    (["inspect", "--format", ""], {"raw", "cri", "docker"}, {"json"}),
    (["--log.level", "=", "w"], {"warn"}, {"info"}),
    (["completion", ""], {"bash", "zsh", "fish"}, set()),
    (["--collector.cpu"], {"--collector.cpu", "--collector.cpu.info"}, {"--no-collector.cpu"}),
    (["check", "/etc/hos"], {"/etc/hosts"}, {"run"}),
]


def completion_bash(s):
    """bash offers commands, flags of the command, their words, and files."""
    script = f"{s.work}/spoor.bash"
    with open(script, "wb") as f:
        f.write(spoor("completion", "bash").stdout)
    for words, wanted, unwanted in WORDS:
        r = subprocess.run(["bash", "-c", BASH, "_", script, "spoor", *words], capture_output=True, text=True, timeout=30)
        got = set(r.stdout.split())
        s.expect(r.returncode == 0 and wanted <= got and not got & unwanted, f"{words}: got {sorted(got)[:20]} {r.stderr}, want {wanted}")
    s.expect(spoor("completion", "tcsh").returncode == 2, "a shell that is not known is taken")


def completion_fish(s):
    """fish, asked for completions of a line."""
    need("fish")
    script = f"{s.work}/spoor.fish"
    with open(script, "wb") as f:
        f.write(spoor("completion", "fish").stdout)
    for line, wanted in (("spoor che", "check"), ("spoor check --str", "--strict"), ("spoor inspect --format ", "docker"),
                         ("spoor --log.level ", "warn"), ("spoor completion ", "zsh"), ("spoor --no-collector.xf", "--no-collector.xfs")):
        r = subprocess.run(["fish", "--no-config", "-c", f'source {script}; complete -C "{line}"'], capture_output=True, text=True, timeout=60)
        s.expect(wanted in [x.split("\t")[0] for x in r.stdout.splitlines()], f"{line!r}: {r.stdout[:300]} {r.stderr}")


def completion_zsh(s):
    """zsh, typed into: the line is completed."""
    need("zsh")
    script = f"{s.work}/_spoor"
    with open(script, "wb") as f:
        f.write(spoor("completion", "zsh").stdout)
    shell = Terminal("zsh", "-f", "-i")
    try:
        seen = shell.type(f"PS1='%# '; autoload -U compinit; compinit -u -D; source {script}; echo rea''dy\n".encode(), b"ready")
        s.expect(b"ready" in seen, f"zsh does not come up: {seen[-300:]}")
        for line, wanted in ((b"spoor che\t", b"spoor check "), (b"spoor check --str\t", b"check --strict "), (b"spoor inspect --format=d\t", b"--format=docker "),
                             (b"spoor --log.level=w\t", b"--log.level=warn "), (b"spoor completion z\t", b"completion zsh ")):
            seen = shell.type(b"\x15" + line, wanted)
            s.expect(wanted in seen, f"{line}: {seen[-300:]}")
    finally:
        shell.end()


def manual(s):
    """The manual page: no word from mandoc's and groff's checks, and every command and flag is in it."""
    need("mandoc")
    page = f"{s.work}/spoor.1"
    with open(page, "wb") as f:
        f.write(spoor("man").stdout)
    r = subprocess.run(["mandoc", "-Tlint", page], capture_output=True, text=True, timeout=60)
    s.expect(r.returncode == 0 and not r.stdout, f"mandoc: {r.stdout[:500]}")
    if shutil.which("groff"):
        r = subprocess.run(["groff", "-man", "-Tutf8", "-ww", page], capture_output=True, timeout=60)
        s.expect(not r.stderr, f"groff: {r.stderr[:500]}")
    text = re.sub(r".\x08", "", subprocess.run(["mandoc", "-Tutf8", page], capture_output=True, timeout=60).stdout.decode())
    help_text = spoor("--help").stdout.decode()
    flags, commands = set(re.findall(r"^  (--[a-z][\w.-]*)", help_text.split("Collectors:")[0], re.M)), re.findall(r"^  ([a-z]+)[ \[]", help_text, re.M)
    s.expect(len(flags) > 15 and len(commands) > 6, f"{flags} {commands}")
    for word in flags | {f"spoor {c}" for c in commands}:
        s.expect(word in text, f"{word} is not in the manual page")
    s.note(f"{len(commands)} commands, {len(flags)} flags of run")


def installed(s):
    """What `cmake --install` would install beside the program is printed by the same program."""
    printed = os.path.join(os.path.dirname(os.environ["SPOOR"]), "printed")
    if not os.path.isdir(printed):
        raise Skip("the program was not built here")
    for name, args in (("spoor.1", ["man"]), ("spoor.bash", ["completion", "bash"]), ("_spoor", ["completion", "zsh"]), ("spoor.fish", ["completion", "fish"]),
                       ("spoor.schema.json", ["schema"])):
        with open(os.path.join(printed, name), "rb") as f:
            s.expect(f.read() == spoor(*args).stdout, f"{name} is not what the program prints")


def help_of_commands(s):
    """Every command has its own help, by flag and by name, with exit code 0; what the table does not have is exit code 2."""
    commands = re.findall(r"^  ([a-z]+)[ \[]", spoor("--help").stdout.decode(), re.M)
    for c in commands:
        a, b = spoor(c, "--help"), spoor("help", c)
        s.expect(a.returncode == b.returncode == 0 and a.stdout == b.stdout and f"Usage: spoor {c}".encode() in a.stdout, f"{c}: {a} {b}")
    s.expect(spoor("help", "chekc").returncode == 2, "help of what is no command")
    told = json.loads(spoor("version", "--format=json").stdout)
    s.expect(spoor("version").stdout.decode() == f"spoor {told['version']}\n" == spoor("--version").stdout.decode(), f"{told}")


main(check_json, schema, convert, inspect_stages, blocks, test, completion_bash, completion_fish, completion_zsh, manual, installed, help_of_commands)
