/* /proc/interrupts: a column per CPU, then what it is about. Numbered lines have the controller first and the devices behind it:
 *
 *            CPU0       CPU1
 *   24:       123        456   PCI-MSI-0000:00:05.0   0-edge      virtio0
 *  NMI:         0          0   Non-maskable interrupts
 *  ERR:         0
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"
#include "agent/collectors/system.h"
#include "parsers/bytes/num.h"

enum { OPTION_INCLUDE, OPTION_EXCLUDE, OPTION_ZEROS, TEXT_MAX = 512 };

static const struct collector_option options[] = {
	{ "name-include", "", "Regexp of interrupts name to include (mutually exclusive to --collector.interrupts.name-exclude)." },
	{ "name-exclude", "", "Regexp of interrupts name to exclude (mutually exclusive to --collector.interrupts.name-include)." },
	{ "include-zeros", "true", "Include interrupts that have a zero value" },
	{ NULL, NULL, NULL },
};

struct state {
	struct device_filter filter;
	bool has_zeros;
};

/* The rest of the words with one blank between them. */
static struct str join(struct str line, char room[TEXT_MAX])
{
	size_t n = 0;
	for (struct str word; (word = fields_next(&line)).n && n + word.n + 1 < TEXT_MAX;) {
		if (n)
			room[n++] = ' ';
		memcpy(room + n, word.p, word.n);
		n += word.n;
	}
	return (struct str){ room, n };
}

static bool is_ignored(const struct device_filter *filter, struct str name, struct str info, struct str devices)
{
	char text[3 * TEXT_MAX];
	if (!filter || (!filter->include && !filter->exclude))
		return false;
	int n = snprintf(text, sizeof text, "%.*s;" STR_FMT ";" STR_FMT, (int)(name.n < TEXT_MAX ? name.n : TEXT_MAX), name.p,
		STR_ARG(info), STR_ARG(devices));
	return device_filter_ignores(filter, (struct str){ text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1 });
}

static void write_line(struct families *f, struct str name, struct str values, size_t cpus, const struct device_filter *filter,
	bool has_zeros)
{
	char info_room[TEXT_MAX], devices_room[TEXT_MAX];
	struct str rest = values, info, devices = { 0 };
	uint64_t number, value;
	for (size_t i = 0; i < cpus; i++)
		if (!fields_u64(&rest, &value))
			return;
	if (num_u64(name, &number)) {
		info = fields_next(&rest);
		devices = join(rest, devices_room);
	} else
		info = join(rest, info_room);
	if (info.n == 0 || is_ignored(filter, name, info, devices)) /* ERR and MIS have one number and no more */
		return;
	for (size_t i = 0; i < cpus && fields_u64(&values, &value); i++) {
		char cpu[24];
		int n = snprintf(cpu, sizeof cpu, "%zu", i);
		const struct metric_label labels[] = { { "cpu", { cpu, (size_t)n } }, { "devices", devices }, { "info", info },
			{ "type", name } };
		if (has_zeros || value)
			families_sample(f, "", labels, COUNT_OF(labels), (double)value);
	}
}

bool interrupts_write(struct families *f, struct str text, const struct device_filter *filter, bool has_zeros)
{
	struct str head = str_cut(&text, '\n');
	size_t cpus = 0;
	while (fields_next(&head).n)
		cpus++;
	families_begin(f, "node_interrupts_total", METRIC_COUNTER, "Interrupt details.");
	while (cpus && text.n) {
		struct str line = str_cut(&text, '\n'), name = str_cut(&line, ':');
		while (str_starts(name, STR(" ")))
			name = str_skip(name, 1);
		write_line(f, name, line, cpus, filter, has_zeros);
	}
	return cpus > 0;
}

static void close_interrupts(void *state)
{
	struct state *s = state;
	device_filter_fini(&s->filter);
	free(s);
}

static void *open_interrupts(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots;
	struct state *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	s->has_zeros = strcmp(values[OPTION_ZEROS], "true") == 0;
	if (device_filter_init(&s->filter, values[OPTION_INCLUDE], values[OPTION_EXCLUDE], err) < 0) {
		free(s);
		return NULL;
	}
	return s;
}

static int update(void *state, struct collect *c)
{
	const struct state *s = state;
	struct str text;
	int error = files_read(c->files, c->roots->proc, "/interrupts", true, &text);
	if (error)
		return error;
	return interrupts_write(c->out, text, &s->filter, s->has_zeros) ? 0 : -EINVAL;
}

const struct collector collector_interrupts = { .name = "interrupts", .options = options, .open = open_interrupts, .update = update,
	.close = close_interrupts };
