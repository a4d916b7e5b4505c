/* Memory errors that the memory controllers saw: /sys/devices/system/edac/mc/mcN/{,csrowN/}. kernel:
 * Documentation/driver-api/edac.rst "csrow unknown" are the errors that the controller could not place. */
#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"
#include "parsers/bytes/num.h"

static bool number_of(struct collect *c, const char *directory, const char *file, double *out)
{
	struct str text;
	return files_attribute(c->files, &text, "%s/%s", directory, file) == 0 && words_unsigned(str_trim(text), out);
}

/* "CPU_SrcID#0_Ha#0_Chan#0_DIMM#0", "mc#0csrow#1channel#0": without the '#', with '_' before csrow and channel. */
static struct str dimm_label(struct sheet *s, struct collect *c, const char *csrow, struct str channel)
{
	struct str text;
	if (files_attribute(c->files, &text, "%s/ch%.*s_dimm_label", csrow, STR_ARG(channel)) < 0)
		return STR("unknown");
	text = str_trim(text);
	char *label = arena_alloc(&s->memory, text.n * 2 + 1);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		struct str rest = str_skip(text, i);
		if (str_starts(rest, STR("csrow")) || str_starts(rest, STR("channel")))
			label[n++] = '_';
		if (text.p[i] != '#')
			label[n++] = text.p[i];
	}
	return (struct str){ label, n };
}

/* "ch0_ce_count" -> "0" */
static struct str channel_of(const char *file)
{
	struct str rest = str_of(file);
	if (!str_starts(rest, STR("ch")) || !str_ends(rest, STR("_ce_count")))
		return (struct str){ 0 };
	rest = str_skip(rest, 2);
	rest.n -= strlen("_ce_count");
	for (size_t i = 0; i < rest.n; i++)
		if (!ascii_is_digit(rest.p[i]))
			return (struct str){ 0 };
	return rest;
}

static void add_channel(struct sheet *s, struct collect *c, const char *directory, struct str controller, struct str csrow,
	struct str channel)
{
	double count;
	const struct metric_label labels[] = {
		{ "channel", channel }, { "controller", controller }, { "csrow", csrow },
		{ "dimm_label", dimm_label(s, c, directory, channel) },
	};
	if (number_of(c, directory, sheet_text(s, "ch%.*s_ce_count", STR_ARG(channel)), &count))
		sheet_put(s, METRIC_COUNTER, "node_edac_channel_correctable_errors_total",
			"Total correctable memory errors for this channel.",
			count, labels, COUNT_OF(labels));
	if (number_of(c, directory, sheet_text(s, "ch%.*s_ue_count", STR_ARG(channel)), &count))
		sheet_put(s, METRIC_COUNTER, "node_edac_channel_uncorrectable_errors_total",
			"Total uncorrectable memory errors for this channel.", count, labels, COUNT_OF(labels));
}

static void add_row(struct sheet *s, struct str controller, struct str csrow, bool is_correctable, double count)
{
	sheet_add(s, METRIC_COUNTER,
		is_correctable ? "node_edac_csrow_correctable_errors_total" : "node_edac_csrow_uncorrectable_errors_total",
		is_correctable ? "Total correctable memory errors for this csrow." :
			"Total uncorrectable memory errors for this csrow.", count,
		{ "controller", controller }, { "csrow", csrow });
}

static void add_csrow(struct sheet *s, struct collect *c, const char *directory, struct str controller, struct str csrow)
{
	double count;
	if (number_of(c, directory, "ce_count", &count))
		add_row(s, controller, csrow, true, count);
	if (number_of(c, directory, "ue_count", &count))
		add_row(s, controller, csrow, false, count);
	struct names files;
	names_read(&files, &s->memory, "%s", directory);
	for (size_t i = 0; i < files.count; i++) {
		struct str channel = channel_of(files.at[i]);
		if (channel.n > 0)
			add_channel(s, c, directory, controller, csrow, channel);
	}
}

/* The digits that follow the prefix; the reference's pattern stops at the first other byte too. */
static struct str digits_of(const char *name, size_t prefix)
{
	struct str rest = str_skip(str_of(name), prefix);
	return str_take(rest, num_digits(rest));
}

static void add_controller(struct sheet *s, struct collect *c, const char *directory, struct str controller)
{
	double count;
	if (number_of(c, directory, "ce_count", &count))
		sheet_add(s, METRIC_COUNTER, "node_edac_correctable_errors_total", "Total correctable memory errors.", count,
			{ "controller", controller });
	if (number_of(c, directory, "ue_count", &count))
		sheet_add(s, METRIC_COUNTER, "node_edac_uncorrectable_errors_total", "Total uncorrectable memory errors.", count,
			{ "controller", controller });
	if (number_of(c, directory, "ce_noinfo_count", &count))
		add_row(s, controller, STR("unknown"), true, count);
	if (number_of(c, directory, "ue_noinfo_count", &count))
		add_row(s, controller, STR("unknown"), false, count);
	struct names below;
	names_read(&below, &s->memory, "%s", directory);
	for (size_t i = 0; i < below.count; i++)
		if (names_is_numbered(below.at[i], "csrow"))
			add_csrow(s, c, sheet_text(s, "%s/%s", directory, below.at[i]), controller, digits_of(below.at[i], 5));
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, c->out);
	struct names controllers;
	names_read(&controllers, &s.memory, "%s/devices/system/edac/mc", c->roots->sys);
	for (size_t i = 0; i < controllers.count; i++)
		if (names_is_numbered(controllers.at[i], "mc"))
			add_controller(&s, c, sheet_text(&s, "%s/devices/system/edac/mc/%s", c->roots->sys, controllers.at[i]),
				digits_of(controllers.at[i], 2));
	sheet_write(&s);
	return 0;
}

const struct collector collector_edac = { .name = "edac", .is_default = true, .update = update };
