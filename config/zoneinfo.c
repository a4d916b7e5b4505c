/* The name comes out of a configuration and becomes a path: it may be made of the characters that names of zones have, so it cannot
 * lead out of the folder. Read while a pipeline is compiled, never for a line. */
#include "config/zoneinfo.h"

#include <stdio.h>

#define FOLDER "/usr/share/zoneinfo"
enum { NAME_MOST = 64 };

static bool is_zone_name(struct str name)
{
	bool is_start = true;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool is_letter = ascii_is_letter(c);
		if (is_start && !is_letter)
			return false;
		if (!is_letter && !ascii_is_digit(c) && c != '_' && c != '+' && c != '-' && c != '/')
			return false;
		is_start = c == '/';
	}
	return name.n > 0 && name.n <= NAME_MOST && !is_start;
}

void zoneinfo_init(struct zoneinfo *z)
{
	buf_init(&z->bytes, ZONEINFO_FILE_MOST);
}

void zoneinfo_fini(struct zoneinfo *z)
{
	buf_fini(&z->bytes);
}

bool zoneinfo_read(void *zoneinfo, struct str name, struct str *tzif)
{
	struct zoneinfo *z = zoneinfo;
	char path[sizeof FOLDER + NAME_MOST + 2], bytes[4096];
	size_t n;
	if (!is_zone_name(name))
		return false;
	snprintf(path, sizeof path, FOLDER "/" STR_FMT, STR_ARG(name));
	FILE *f = fopen(str_eq(name, STR("Local")) ? "/etc/localtime" : path, "rbe");
	if (!f)
		return false;
	buf_reset(&z->bytes);
	while ((n = fread(bytes, 1, sizeof bytes, f)) > 0)
		buf_append(&z->bytes, bytes, n);
	bool is_good = !ferror(f) && z->bytes.n && !z->bytes.is_full;
	fclose(f);
	*tzif = buf_view(&z->bytes);
	return is_good;
}

struct stages *zoneinfo_compile(const struct stage_node *stages, stage_problem_fn *problem, void *ctx)
{
	struct zoneinfo z;
	zoneinfo_init(&z);
	struct stages_options options = { zoneinfo_read, &z };
	struct stages *out = stages_compile_with(stages, &options, problem, ctx);
	zoneinfo_fini(&z);
	return out;
}
