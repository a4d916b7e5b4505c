/* Metrics that other programs leave in *.prom files. The files may be anything: they are looked at before they are opened, read
 * with a bound, and one that cannot be used only costs its own metrics. Links are followed; what is no regular file in the end
 * is refused, so that a pipe without a writer holds nothing up. */
#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/textfile_families.h"
#include "agent/log.h"

#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIRECTORIES_MAX = 1024, FILES_MAX = 16384 };

static const struct collector_option options[] = {
	{ "directory", "", "Directory to read text files with metrics from, supports glob matching. (repeatable)" },
	{ 0 },
};

struct mtime {
	struct mtime *next;
	const char *path;
	double seconds;
};
struct walk { /* of one update */
	struct textfile_families families;
	struct mtime *mtimes;
	struct buf body;
	size_t file_count;
	bool has_error;
};
struct textfile { char *directories; /* one per line */ };

/* dir/name without doubled slashes, "." and "x/..", as the label of the file has it. */
static const char *join(struct arena *memory, const char *dir, const char *name)
{
	const size_t dir_n = strlen(dir), name_n = strlen(name);
	char *whole = arena_alloc(memory, dir_n + name_n + 2), *to = arena_alloc(memory, dir_n + name_n + 2);
	memcpy(whole, dir, dir_n);
	whole[dir_n] = '/';
	memcpy(whole + dir_n + 1, name, name_n);
	const bool is_rooted = whole[0] == '/';
	size_t n = is_rooted, depth = 0;
	if (is_rooted)
		to[0] = '/';
	for (struct str rest = { whole, dir_n + 1 + name_n }; rest.n > 0;) {
		struct str part = str_cut(&rest, '/');
		const bool is_up = str_eq(part, STR(".."));
		if (part.n == 0 || str_eq(part, STR(".")) || (is_up && depth == 0 && is_rooted))
			continue;
		if (is_up && depth > 0) {
			while (n > is_rooted && to[n - 1] != '/')
				n--;
			n -= n > is_rooted;
			depth--;
			continue;
		}
		if (n > is_rooted)
			to[n++] = '/';
		memcpy(to + n, part.p, part.n);
		n += part.n;
		depth += !is_up;
	}
	to[n] = 0;
	return to;
}

/* ---- one file ---- */

static int read_body(int fd, struct buf *body)
{
	buf_reset(body);
	for (;;) {
		char *p = buf_reserve(body, 1);
		if (!p)
			return -EFBIG;
		size_t room = body->room - body->n;
		if (room < 4096 && (p = buf_reserve(body, 4096)) == NULL)
			return -EFBIG;
		room = body->room - body->n;
		ssize_t got = read(fd, p, room);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		buf_grow(body, (size_t)got);
	}
}

static int read_file(struct walk *w, const char *path, struct stat *status)
{
	if (stat(path, status) < 0)
		return -errno;
	if (!S_ISREG(status->st_mode))
		return -EINVAL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	/* Again, because it may be another file by now. */
	int err = fstat(fd, status) < 0 ? -errno : S_ISREG(status->st_mode) ? read_body(fd, &w->body) : -EINVAL;
	close(fd);
	return err;
}

static void take_file(struct walk *w, const char *path)
{
	struct stat status;
	char why[256];
	int err = read_file(w, path, &status);
	if (err < 0) {
		LOG_DEBUG("textfile %s: %s", path, strerror(-err));
		w->has_error = true;
		return;
	}
	if (!textfile_families_add(&w->families, path, buf_view(&w->body), why)) {
		LOG_DEBUG("textfile %s: %s", path, why);
		w->has_error = true;
		return;
	}
	struct mtime *m = arena_alloc(&w->families.memory, sizeof(*m));
	*m = (struct mtime){ w->mtimes, path, (double)status.st_mtim.tv_sec };
	w->mtimes = m;
}

/* ---- directories ---- */

static void take_directory(struct walk *w, const char *dir)
{
	struct names names;
	int err = names_read(&names, &w->families.memory, "%s", dir);
	if (err < 0) {
		LOG_DEBUG("textfile %s: %s", dir, strerror(-err));
		w->has_error = true;
	}
	for (size_t i = 0; i < names.count; i++) {
		if (!str_ends(str_of(names.at[i]), STR(".prom")))
			continue;
		if (w->file_count++ >= FILES_MAX) {
			w->has_error = true;
			return;
		}
		take_file(w, join(&w->families.memory, dir, names.at[i]));
	}
}

/* A star also stands for names with a dot in front, as it does for node_exporter, but not for "." and "..". */
static bool is_dots(const char *path)
{
	const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
	return strcmp(last, ".") == 0 || strcmp(last, "..") == 0;
}

/* A pattern that matches nothing, or is none, is taken for a directory. */
static void take_pattern(struct walk *w, const char *pattern)
{
	glob_t found = { 0 };
	size_t taken = 0;
	if (!strpbrk(pattern, "*?[\\") || glob(pattern, GLOB_PERIOD, NULL, &found) != 0) {
		take_directory(w, pattern);
	} else {
		for (size_t i = 0; i < found.gl_pathc && taken < DIRECTORIES_MAX; i++) {
			if (is_dots(found.gl_pathv[i]) && !is_dots(pattern))
				continue;
			take_directory(w, found.gl_pathv[i]);
			taken++;
		}
	}
	globfree(&found);
}

static int by_path(const void *a, const void *b)
{
	const struct mtime *const *left = a, *const *right = b;
	return strcmp((*left)->path, (*right)->path);
}

static void write_mtimes(struct walk *w, struct families *out)
{
	size_t count = 0;
	for (const struct mtime *m = w->mtimes; m; m = m->next)
		count++;
	const struct mtime **sorted = arena_alloc(&w->families.memory, (count + 1) * sizeof(*sorted));
	count = 0;
	for (const struct mtime *m = w->mtimes; m; m = m->next)
		sorted[count++] = m;
	qsort(sorted, count, sizeof(*sorted), by_path);
	families_begin(out, "node_textfile_mtime_seconds", METRIC_GAUGE, "Unixtime mtime of textfiles successfully read.");
	for (size_t i = 0; i < count; i++)
		if (i == 0 || strcmp(sorted[i - 1]->path, sorted[i]->path) != 0)
			families_label1(out, "file", str_of(sorted[i]->path), sorted[i]->seconds);
}

static int update(void *state, struct collect *c)
{
	const struct textfile *t = state;
	struct walk w = { .mtimes = NULL };
	buf_init(&w.body, TEXTFILE_FILE_BYTES + 4096);
	for (struct str rest = str_of(t->directories); rest.n > 0;) {
		struct str pattern = str_cut(&rest, '\n');
		if (pattern.n > 0 && pattern.n < PATH_MAX)
			take_pattern(&w, arena_copy(&w.families.memory, pattern).p);
	}
	buf_fini(&w.body);
	textfile_families_settle(&w.families, c->out);
	write_mtimes(&w, c->out);
	families_gauge(c->out, "node_textfile_scrape_error", "1 if there was an error opening or reading a file, 0 otherwise",
		w.has_error || w.families.has_error);
	textfile_families_write(&w.families, c->out);
	textfile_families_fini(&w.families);
	return 0;
}

static void close_textfile(void *state)
{
	struct textfile *t = state;
	if (!t)
		return;
	free(t->directories);
	free(t);
}

static void *open_textfile(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots;
	(void)err;
	struct textfile *t = calloc(1, sizeof(*t));
	if (!t || !(t->directories = strdup(values[0])))
		abort();
	return t;
}

const struct collector collector_textfile = { "textfile", true, options, open_textfile, update, close_textfile };
