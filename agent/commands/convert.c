/* The work is config/convert/convert.c's; here are files and exit codes. */
#include "agent/commands/convert.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/os.h"
#include "config/convert/convert.h"

enum { REPORT_MOST = 16 << 20, CHUNK_BYTES = 64 << 10 };

static int write_report(const char *path, struct str text)
{
	FILE *f = path ? fopen(path, "w") : stderr;
	if (!f || fwrite(text.p ? text.p : "", 1, text.n, f) != text.n || (f != stderr && fclose(f) != 0)) {
		fprintf(stderr, "spoor convert: %s cannot be written: %m\n", path ? path : "standard error");
		return FLAGS_FAILED_EXIT;
	}
	return 0;
}

static int convert(const struct flags *flags, struct str text, struct str name)
{
	struct config_problems problems = { 0 };
	struct conversion conversion;
	struct buf report;
	buf_init(&report, REPORT_MOST);
	bool is_good = config_convert(text, name, flags->from, &conversion, &problems);
	if (is_good) {
		fwrite(conversion.text.p, 1, conversion.text.n, stdout);
		conversion_report(&conversion, name, &report);
	} else {
		config_problems_print(&problems, name, &report);
	}
	int code = write_report(is_good ? flags->report : NULL, buf_view(&report));
	if (code == 0)
		code = !is_good ? FLAGS_CONFIG_EXIT : conversion.lost ? FLAGS_REMARKS_EXIT : 0;
	buf_fini(&report);
	conversion_fini(&conversion);
	config_problems_fini(&problems);
	return code;
}

/* Standard input is a pipe, mostly, and may be slow. */
static int read_input(struct buf *out)
{
	size_t n;
	char *room;
	while ((room = buf_reserve(out, CHUNK_BYTES)) && (n = fread(room, 1, CHUNK_BYTES, stdin)) > 0)
		buf_grow(out, n);
	return ferror(stdin) ? -EIO : 0;
}

int command_convert(const struct flags *flags)
{
	const char *file = flags->rest[0];
	struct buf text;
	buf_init(&text, (size_t)CONFIG_MOST_BYTES + 2 * CHUNK_BYTES); /* both ways of reading reserve ahead */
	bool is_input = strcmp(file, "-") == 0;
	int code = FLAGS_CONFIG_EXIT, why = is_input ? read_input(&text) : os_read_file(file, (size_t)CONFIG_MOST_BYTES + 1, &text);
	if (why < 0)
		fprintf(stderr, "spoor convert: %s cannot be read: %s\n", file, strerror(-why));
	else
		code = convert(flags, buf_view(&text), str_of(file));
	buf_fini(&text);
	return code;
}
