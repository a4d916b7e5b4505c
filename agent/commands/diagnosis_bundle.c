/* What somebody who helps from afar needs, and nothing that must not leave: no lines of logs, no secrets. Each text goes through the blotter,
 * also those that were masked before. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "agent/commands/diagnosis.h"
#include "agent/commands/ustar.h"
#include "config/load.h"
#include "parsers/json.h"

enum { ARCHIVE_MOST = 128 << 20, TEXT_MOST = 32 << 20, BETWEEN_S = 5 };

struct bundle {
	struct diagnosis *d;
	struct buf archive;
};

static void put(struct bundle *b, const char *name, struct str text)
{
	char path[USTAR_NAME_MAX];
	struct buf clean;
	buf_init(&clean, TEXT_MOST);
	redact_text(&b->d->redact, text, &clean);
	snprintf(path, sizeof path, "spoor-diagnosis/%s", name);
	ustar_file(&b->archive, str_of(path), buf_view(&clean), (int64_t)time(NULL));
	buf_fini(&clean);
}

/* The text of lines that were refused is cut out of /api/v1/drops: every "line" member becomes its length. */
static void put_without_lines(struct bundle *b, const char *name, struct str text)
{
	struct json j;
	struct buf out;
	size_t from = 0;
	bool is_line = false;
	buf_init(&out, TEXT_MOST);
	json_init(&j, text);
	for (enum json_item item; (item = json_next(&j)) != JSON_DONE && item != JSON_BAD;) {
		if (is_line && item == JSON_STRING) {
			size_t at = (size_t)(j.raw.p - text.p);
			buf_str(&out, str_take(str_skip(text, from), at - from));
			buf_printf(&out, "<%zu bytes>", j.raw.n);
			from = at + j.raw.n;
		}
		is_line = item == JSON_KEY && json_is(&j, "line");
	}
	buf_str(&out, str_skip(text, from));
	put(b, name, j.error ? STR("not JSON\n") : buf_view(&out));
	buf_fini(&out);
}

static void put_answer(struct bundle *b, const char *path, const char *name)
{
	struct buf answer;
	buf_init(&answer, TEXT_MOST);
	if (!ask_get(b->d->ask, path, &answer))
		buf_printf(&answer, "%s\n", b->d->ask->err);
	if (strcmp(name, "api/drops.json") == 0)
		put_without_lines(b, name, buf_view(&answer));
	else
		put(b, name, buf_view(&answer));
	buf_fini(&answer);
}

static void put_agent(struct bundle *b)
{
	static const struct { const char *path, *name; } answers[] = {
		{ "/config", "config-in-force.yaml" }, { "/api/v1/status", "api/status.json" }, { "/api/v1/status/buildinfo", "api/buildinfo.json" },
		{ "/api/v1/destinations", "api/destinations.json" }, { "/api/v1/files?limit=2000", "api/files.json" }, { "/api/v1/drops", "api/drops.json" },
		{ "/api/v1/targets", "api/targets.json" },
	};
	put_answer(b, "/metrics", "metrics-1.txt");
	for (size_t i = 0; i < COUNT_OF(answers); i++)
		put_answer(b, answers[i].path, answers[i].name);
	sleep(BETWEEN_S); /* two scrapes show what moves */
	put_answer(b, "/metrics", "metrics-2.txt");
}

static void put_own(struct bundle *b)
{
	struct buf text;
	buf_init(&text, TEXT_MOST);
	findings_print(b->d->findings, &text);
	put(b, "diagnosis.txt", buf_view(&text));
	buf_reset(&text);
	findings_print_json(b->d->findings, &text);
	put(b, "diagnosis.json", buf_view(&text));
	buf_reset(&text);
	if (b->d->ask->settings.config)
		config_print(b->d->ask->settings.config, &text);
	else
		buf_str(&text, buf_view(&b->d->ask->settings_problem));
	put(b, "config-on-disk.yaml", buf_view(&text));
	put(b, "version.txt", STR("spoor " SPOOR_VERSION "\n"));
	buf_fini(&text);
}

static int open_out(const char *path)
{
	return strcmp(path, "-") == 0 ? dup(STDOUT_FILENO) : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static bool write_out(const char *path, struct str bytes)
{
	int fd = open_out(path), error = fd < 0 ? errno : 0;
	while (!error && bytes.n) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n < 0 && errno != EINTR)
			error = errno;
		bytes = str_skip(bytes, n > 0 ? (size_t)n : 0);
	}
	if (fd >= 0 && close(fd) < 0 && !error)
		error = errno;
	if (error)
		fprintf(stderr, "spoor diagnose: --bundle=%s: %s\n", path, strerror(error));
	return !error;
}

bool diagnosis_bundle(struct diagnosis *d, const char *path)
{
	struct bundle b = { .d = d };
	if (strcmp(path, "-") == 0 && isatty(STDOUT_FILENO)) {
		fprintf(stderr, "spoor diagnose: an archive is nothing for a terminal: --bundle=- > FILE\n");
		return false;
	}
	buf_init(&b.archive, ARCHIVE_MOST);
	put_own(&b);
	if (d->status.n)
		put_agent(&b);
	ustar_end(&b.archive);
	bool is_written = write_out(path, buf_view(&b.archive));
	if (is_written && strcmp(path, "-") != 0)
		fprintf(stderr, "written: %s, %zu bytes; secrets are blotted out, names and addresses are not\n", path, b.archive.n);
	buf_fini(&b.archive);
	return is_written;
}
