/* Frequencies and governors: /sys/devices/system/cpu/cpuN/cpufreq, in kHz. kernel: Documentation/admin-guide/pm/cpufreq.rst
 * Values of all CPUs are gathered first, since a page has each family once. A file that is missing or not ours to read is left out. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"
#include "parsers/bytes/num.h"

#define FOLDER "/devices/system/cpu"
enum { NUMBER_MAX = 12, OFFLINE_MAX = 65536 };

static const struct {
	const char *file, *name, *help;
	bool is_kept; /* the ones that move */
} table[] = {
	{ "cpuinfo_cur_freq", "node_cpu_frequency_hertz", "Current CPU thread frequency in hertz.", true },
	{ "cpuinfo_avg_freq", "node_cpu_frequency_avg_hertz", "Average CPU thread frequency in hertz.", true },
	{ "cpuinfo_min_freq", "node_cpu_frequency_min_hertz", "Minimum CPU thread frequency in hertz.", false },
	{ "cpuinfo_max_freq", "node_cpu_frequency_max_hertz", "Maximum CPU thread frequency in hertz.", false },
	{ "scaling_cur_freq", "node_cpu_scaling_frequency_hertz", "Current scaled CPU thread frequency in hertz.", true },
	{ "scaling_min_freq", "node_cpu_scaling_frequency_min_hertz", "Minimum scaled CPU thread frequency in hertz.", false },
	{ "scaling_max_freq", "node_cpu_scaling_frequency_max_hertz", "Maximum scaled CPU thread frequency in hertz.", false },
};
enum { FREQUENCIES = COUNT_OF(table) };

struct row {
	char number[NUMBER_MAX];
	double hertz[FREQUENCIES]; /* negative: not there */
	char governor[64], governors[256];
};
struct walk {
	struct collect *collect;
	bool is_offline[OFFLINE_MAX];
};

static void take_offline(void *ctx, unsigned number)
{
	struct walk *w = ctx;
	if (number < OFFLINE_MAX)
		w->is_offline[number] = true;
}

static int read_file(struct collect *c, const char *number, const char *file, bool is_kept, struct str *out)
{
	char path[160];
	snprintf(path, sizeof path, FOLDER "/cpu%s/cpufreq/%s", number, file);
	int error = files_read(c->files, c->roots->sys, path, is_kept, out);
	*out = str_trim(*out);
	return error;
}

static void read_text(struct collect *c, const char *number, const char *file, char *to, size_t room)
{
	struct str text;
	to[0] = '\0';
	if (read_file(c, number, file, false, &text) == 0 && text.n < room) {
		memcpy(to, text.p, text.n);
		to[text.n] = '\0';
	}
}

static bool add_row(void *ctx, const char *name)
{
	struct walk *w = ctx;
	struct collect *c = w->collect;
	struct row row = { 0 };
	uint64_t number;
	char target[8];
	if (strncmp(name, "cpu", 3) != 0 || !num_u64(str_of(name + 3), &number) || strlen(name + 3) >= NUMBER_MAX ||
		(number < OFFLINE_MAX && w->is_offline[number]))
		return true;
	/* A folder, or a link to one: EINVAL says that it is there and no link. */
	if (files_link(target, sizeof target, "%s" FOLDER "/%s/cpufreq", c->roots->sys, name) == -ENOENT)
		return true;
	memcpy(row.number, name + 3, strlen(name + 3) + 1);
	for (size_t i = 0; i < FREQUENCIES; i++) {
		struct str text;
		uint64_t khz;
		bool is_there = read_file(c, row.number, table[i].file, table[i].is_kept, &text) == 0 && num_u64(text, &khz);
		row.hertz[i] = is_there ? (double)khz * 1000.0 : -1;
	}
	read_text(c, row.number, "scaling_governor", row.governor, sizeof row.governor);
	if (row.governor[0])
		read_text(c, row.number, "scaling_available_governors", row.governors, sizeof row.governors);
	buf_append(c->scratch, &row, sizeof row);
	return true;
}

static void write_governors(struct collect *c, const struct row *row)
{
	struct str rest = str_of(row->governors);
	do {
		struct str governor = str_cut(&rest, ' ');
		families_label2(c->out, "cpu", str_of(row->number), "governor", governor, str_eq(governor, str_of(row->governor)));
	} while (rest.n);
}

static void write_rows(struct collect *c)
{
	const struct row *rows = (const struct row *)(const void *)c->scratch->p;
	size_t count = c->scratch->n / sizeof *rows;
	for (size_t i = 0; i < FREQUENCIES; i++) {
		families_begin(c->out, table[i].name, METRIC_GAUGE, table[i].help);
		for (size_t k = 0; k < count; k++)
			if (rows[k].hertz[i] >= 0)
				families_label1(c->out, "cpu", str_of(rows[k].number), rows[k].hertz[i]);
	}
	families_begin(c->out, "node_cpu_scaling_governor", METRIC_GAUGE, "Current enabled CPU frequency governor.");
	for (size_t k = 0; k < count; k++)
		if (rows[k].governor[0])
			write_governors(c, &rows[k]);
}

static int update(void *state, struct collect *c)
{
	struct str text;
	(void)state;
	int error = files_read(c->files, c->roots->sys, FOLDER "/offline", true, &text);
	if (error)
		return error;
	struct walk *w = calloc(1, sizeof *w);
	if (!w)
		abort();
	w->collect = c;
	fields_ranges(text, take_offline, w);
	error = files_list(c->roots->sys, FOLDER, add_row, w);
	free(w);
	write_rows(c);
	return error;
}

const struct collector collector_cpufreq = { .name = "cpufreq", .is_default = true, .update = update };
