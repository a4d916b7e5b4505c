/* files_list hands out names while the directory is open; most walks through sysfs go deeper, and hold on to fewer descriptors this
 * way. */
#include "agent/collectors/names.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/collectors/files.h"

struct listing {
	struct names *out;
	struct arena *arena;
	size_t room;
};

static bool add(void *ctx, const char *name)
{
	struct listing *l = ctx;
	struct names *out = l->out;
	if (out->count == l->room) {
		size_t room = l->room ? l->room * 2 : 16;
		const char **at = arena_alloc(l->arena, room * sizeof(*at));
		if (out->count > 0)
			memcpy(at, out->at, out->count * sizeof(*at));
		out->at = at;
		l->room = room;
	}
	out->at[out->count++] = arena_copy(l->arena, str_of(name)).p;
	return out->count < NAMES_MAX;
}

int names_read(struct names *out, struct arena *arena, const char *format, ...)
{
	*out = (struct names){ 0 };
	char path[PATH_MAX];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	struct listing l = { .out = out, .arena = arena };
	return files_list("", path, add, &l);
}

bool names_is_numbered(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);
	return strncmp(name, prefix, n) == 0 && ascii_is_digit(name[n]);
}

bool names_is_directory(const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	struct stat about;
	return n > 0 && (size_t)n < sizeof(path) && stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}
