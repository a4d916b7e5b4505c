/* A directory of a test's own, and files in it, in few words. */
#ifndef TESTS_UNIT_AGENT_TEMP_DIR_H
#define TESTS_UNIT_AGENT_TEMP_DIR_H

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parsers/bytes/str.h"

struct temp_dir {
	char path[64];
	char file[128]; /* of the last temp_path */
};

static inline struct temp_dir temp_dir_make(void)
{
	struct temp_dir d = { .path = "/tmp/spoor_unit.XXXXXX" };
	ck_assert_ptr_nonnull(mkdtemp(d.path));
	return d;
}

static inline const char *temp_path(struct temp_dir *d, const char *name)
{
	snprintf(d->file, sizeof d->file, "%s/%s", d->path, name);
	return d->file;
}

static inline void temp_write(struct temp_dir *d, const char *name, const void *bytes, size_t n)
{
	FILE *f = fopen(temp_path(d, name), "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

/* The content of a file as a string, "(none)" when there is no such file. */
static inline const char *temp_read(struct temp_dir *d, const char *name)
{
	static char text[4096];
	FILE *f = fopen(temp_path(d, name), "r");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
	if (f)
		fclose(f);
	text[n] = '\0';
	return f ? text : "(none)";
}

static inline int temp_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static inline void temp_dir_remove(const struct temp_dir *d)
{
	nftw(d->path, temp_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
