/* Rotation on real files. Errors end the program: a generator whose truth is not known is of no use to a test. */
#include "tests/e2e/rotate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum { GENERATIONS = 256, BLOCK = 65536 };

struct names {
	char at[GENERATIONS][256];
	int count;
};

static void fail(const char *what)
{
	fprintf(stderr, "generate: %s: %s\n", what, strerror(errno));
	exit(1);
}

static bool ends_with(const char *s, const char *tail)
{
	const size_t n = strlen(s), m = strlen(tail);

	return n >= m && strcmp(s + n - m, tail) == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void join(char to[ROTATE_PATH], const char *directory, const char *name, const char *tail)
{
	if (snprintf(to, ROTATE_PATH, "%s/%s%s", directory, name, tail) >= ROTATE_PATH)
		fail("path too long");
}

static void rotated_names(const char *directory, const char *base, struct names *out)
{
	DIR *d = opendir(directory);
	const size_t n = strlen(base);

	if (!d)
		fail(directory);
	out->count = 0;
	for (struct dirent *e; (e = readdir(d)) && out->count < GENERATIONS;)
		if (strncmp(e->d_name, base, n) == 0 && e->d_name[n] == '.')
			snprintf(out->at[out->count++], sizeof(out->at[0]), "%.255s", e->d_name);
	closedir(d);
	qsort(out->at, (size_t)out->count, sizeof(out->at[0]), by_name);
}

static void compress_file(const char *from)
{
	char tmp[ROTATE_PATH + 8], to[ROTATE_PATH + 8];
	static unsigned char block[BLOCK];

	snprintf(tmp, sizeof(tmp), "%s.tmp", from);
	snprintf(to, sizeof(to), "%s.gz", from);
	const int fd = open(from, O_RDONLY | O_CLOEXEC);
	gzFile gz = gzopen(tmp, "wb");
	if (fd < 0 || !gz)
		fail(from);
	for (ssize_t n; (n = read(fd, block, sizeof(block))) > 0;)
		if (gzwrite(gz, block, (unsigned)n) != n)
			fail(tmp);
	close(fd);
	if (gzclose(gz) != Z_OK || rename(tmp, to) || unlink(from))
		fail(to);
}

static void remove_leftovers(const char *directory, struct names *names)
{
	int kept = 0;
	char path[ROTATE_PATH];

	for (int i = 0; i < names->count; i++) {
		const bool is_tmp = ends_with(names->at[i], ".tmp");
		char gz[264];
		snprintf(gz, sizeof(gz), "%s.gz", names->at[i]);
		const bool has_gz = bsearch(gz, names->at, (size_t)names->count, sizeof(names->at[0]), by_name) != NULL;
		join(path, directory, names->at[i], "");
		if (is_tmp || has_gz)
			unlink(path);
		else
			memmove(names->at[kept++], names->at[i], sizeof(names->at[0]));
	}
	names->count = kept;
}

/* The kubelet's clock has seconds and it looks every ten; here rotations may be closer, so a name that is taken moves on. */
static void rotated_path(char path[ROTATE_PATH], const char *directory, const char *base, const struct names *names)
{
	char stamp[32];
	struct tm tm;

	for (time_t now = time(NULL);; now++) {
		localtime_r(&now, &tm);
		strftime(stamp, sizeof(stamp), ".%Y%m%d-%H%M%S", &tm);
		join(path, directory, base, stamp);
		const char *name = strrchr(path, '/') + 1;
		if (!names->count || strncmp(names->at[names->count - 1], name, strlen(name)) < 0)
			return;
	}
}

void rotate_kubelet(const char *directory, const char *live, int keep)
{
	static struct names names;
	char path[ROTATE_PATH];
	const char *base = strrchr(live, '/') + 1;

	rotated_names(directory, base, &names);
	remove_leftovers(directory, &names);
	int excess = names.count - (keep - 2);
	for (int i = 0; i < names.count; i++) {
		join(path, directory, names.at[i], "");
		if (i < excess) {
			if (unlink(path))
				fail(path);
		} else if (!ends_with(path, ".gz")) {
			compress_file(path);
		}
	}
	rotated_names(directory, base, &names);
	rotated_path(path, directory, base, &names);
	if (rename(live, path))
		fail(path);
}

static void shift(const char *live, int keep)
{
	char from[ROTATE_PATH], to[ROTATE_PATH];

	for (int i = keep - 1; i >= 1; i--) {
		snprintf(from, sizeof(from), "%s.%d", live, i);
		snprintf(to, sizeof(to), "%s.%d", live, i + 1);
		if (i == keep - 1)
			unlink(from);
		else if (rename(from, to) && errno != ENOENT)
			fail(from);
	}
}

void rotate_numbered(const char *live, int keep)
{
	char to[ROTATE_PATH];

	shift(live, keep);
	snprintf(to, sizeof(to), "%s.1", live);
	if (rename(live, to))
		fail(to);
}

void rotate_copytruncate(const char *live, int keep)
{
	char to[ROTATE_PATH];
	static char block[BLOCK];

	shift(live, keep);
	snprintf(to, sizeof(to), "%s.1", live);
	const int in = open(live, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (in < 0 || out < 0)
		fail(to);
	for (ssize_t n; (n = read(in, block, sizeof(block))) > 0;)
		if (write(out, block, (size_t)n) != n)
			fail(to);
	close(in);
	close(out);
	if (truncate(live, 0))
		fail(live);
}
