/* A directory tree out of one text, so that a test that reads /proc and /sys keeps one small file instead of hundreds.
 *
 *   # a comment
 *   sys/class/hwmon/hwmon0/temp1_input: 42000        a file with one line
 *   sys/class/hwmon/hwmon0/empty:                    a file without content
 *   sys/class/hwmon/hwmon0/device -> ../../../devices/platform/coretemp.0
 *   sys/devices/platform/coretemp.0/                 a directory
 *   proc/mdstat <<                                   a file with lines, up to a line ">>"
 *   Personalities : [raid1]
 *   >>
 * "\n" "\t" "\0" "\xHH" "\\" are escapes in one-line files. Directories above are made on the way. */
#ifndef TESTS_UNIT_AGENT_TREE_H
#define TESTS_UNIT_AGENT_TREE_H

#include <sys/stat.h>

#include "parsers/bytes/num.h"
#include "tests/unit/agent/temp_dir.h"

enum { TREE_TEXT_MAX = 1 << 20 };

/* The content of a file, NUL-terminated, to be freed. */
static inline char *tree_read(const char *path, size_t *n)
{
	char *text = malloc(TREE_TEXT_MAX);
	FILE *f = fopen(path, "r");
	ck_assert_ptr_nonnull(text);
	ck_assert_msg(f, "no fixture %s", path);
	*n = fread(text, 1, TREE_TEXT_MAX - 1, f);
	text[*n] = 0;
	fclose(f);
	return text;
}

static inline FILE *tree_create(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0755);
		*slash = '/';
	}
	if (path[strlen(path) - 1] == '/')
		return NULL;
	FILE *f = fopen(path, "w");
	ck_assert_msg(f, "cannot write %s", path);
	return f;
}

static inline void tree_put_escaped(FILE *f, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i], next = i + 1 < text.n ? text.p[i + 1] : 0;
		uint64_t code = 0;
		if (c != '\\' || !next) {
			fputc(c, f);
		} else if (next == 'x' && num_hex64(str_take(str_skip(text, i + 2), 2), &code)) {
			fputc((int)code, f);
			i += 3;
		} else {
			fputc(next == 'n' ? '\n' : next == 't' ? '\t' : next == '0' ? 0 : next, f);
			i++;
		}
	}
}

/* Makes what `text` describes below d. */
static inline void tree_make(const struct temp_dir *d, struct str text)
{
	char path[1024];
	FILE *open = NULL;
	while (text.n > 0) {
		struct str line = str_cut(&text, '\n'), rest = line, name;
		if (open && str_eq(line, STR(">>"))) {
			fclose(open);
			open = NULL;
		} else if (open) {
			fprintf(open, STR_FMT "\n", STR_ARG(line));
		} else if (line.n > 0 && line.p[0] != '#') {
			name = str_cut(&rest, ' ');
			bool is_line = name.n > 1 && name.p[name.n - 1] == ':';
			name.n -= is_line;
			ck_assert_int_lt(snprintf(path, sizeof path, "%s/" STR_FMT, d->path, STR_ARG(name)), (int)sizeof path);
			FILE *f = str_starts(rest, STR("-> ")) ? NULL : tree_create(path);
			if (str_starts(rest, STR("-> "))) {
				char target[1024];
				snprintf(target, sizeof target, STR_FMT, STR_ARG(str_skip(rest, 3)));
				FILE *made = tree_create(path);
				ck_assert_ptr_nonnull(made);
				fclose(made);
				ck_assert_int_eq(remove(path), 0);
				ck_assert_int_eq(symlink(target, path), 0);
			} else if (str_eq(rest, STR("<<"))) {
				open = f;
			} else if (f) {
				ck_assert_msg(is_line, "neither file nor link nor directory: " STR_FMT, STR_ARG(line));
				tree_put_escaped(f, rest);
				if (rest.n > 0)
					fputc('\n', f);
				fclose(f);
			}
		}
	}
	ck_assert_msg(!open, "a file without its end");
}

/* The tree of tests/fixtures/NAME. Remove it with temp_dir_remove. */
static inline struct temp_dir tree_load(const char *name)
{
	char path[4096];
	size_t n;
	snprintf(path, sizeof path, "%s/%s", FIXTURES, name);
	char *text = tree_read(path, &n);
	struct temp_dir d = temp_dir_make();
	tree_make(&d, (struct str){ text, n });
	free(text);
	return d;
}

#endif
