/* What the firmware says about the machine: /sys/class/dmi/id. It is read once, since it stays until the next boot; serial numbers are
 * readable by root alone and are left out otherwise. */
#include <stdlib.h>

#include "agent/collectors/all.h"
#include "agent/collectors/system.h"

static const struct {
	const char *label, *file;
} table[] = {
	{ "bios_date", "bios_date" },
	{ "bios_release", "bios_release" },
	{ "bios_vendor", "bios_vendor" },
	{ "bios_version", "bios_version" },
	{ "board_asset_tag", "board_asset_tag" },
	{ "board_name", "board_name" },
	{ "board_serial", "board_serial" },
	{ "board_vendor", "board_vendor" },
	{ "board_version", "board_version" },
	{ "chassis_asset_tag", "chassis_asset_tag" },
	{ "chassis_serial", "chassis_serial" },
	{ "chassis_vendor", "chassis_vendor" },
	{ "chassis_version", "chassis_version" },
	{ "product_family", "product_family" },
	{ "product_name", "product_name" },
	{ "product_serial", "product_serial" },
	{ "product_sku", "product_sku" },
	{ "product_uuid", "product_uuid" },
	{ "product_version", "product_version" },
	{ "system_vendor", "sys_vendor" },
};
enum { LABELS = COUNT_OF(table), TEXT_MAX = 64 << 10, VALUE_MAX = 128 };

struct state {
	struct metric_label labels[LABELS];
	size_t count;
	struct buf text;
};

static void *open_dmi(const char *const *values, const struct roots *roots, char err[256])
{
	(void)values;
	(void)err;
	struct state *s = calloc(1, sizeof *s);
	struct files *files = files_new();
	size_t starts[LABELS];
	if (!s)
		abort();
	buf_init(&s->text, TEXT_MAX);
	for (size_t i = 0; i < LABELS; i++) {
		struct str text;
		if (files_attribute(files, &text, "%s/class/dmi/id/%s", roots->sys, table[i].file))
			continue;
		size_t start = starts[s->count] = s->text.n;
		text_mend(str_take(text, VALUE_MAX), &s->text);
		s->labels[s->count++] = (struct metric_label){ table[i].label, { NULL, s->text.n - start } };
	}
	for (size_t i = 0; i < s->count; i++)
		s->labels[i].value.p = s->text.p ? s->text.p + starts[i] : "";
	files_free(files);
	return s;
}

static void close_dmi(void *state)
{
	struct state *s = state;
	buf_fini(&s->text);
	free(s);
}

static int update(void *state, struct collect *c)
{
	const struct state *s = state;
	if (s->count == 0)
		return -ENODATA;
	families_begin(c->out, "node_dmi_info", METRIC_GAUGE,
		"A metric with a constant '1' value labeled by bios_date, bios_release, bios_vendor, bios_version, board_asset_tag, "
		"board_name, board_serial, board_vendor, board_version, chassis_asset_tag, chassis_serial, chassis_vendor, chassis_version, "
		"product_family, product_name, product_serial, product_sku, product_uuid, product_version, system_vendor if provided by "
		"DMI.");
	families_sample(c->out, "", s->labels, s->count, 1);
	return 0;
}

const struct collector collector_dmi = { .name = "dmi", .is_default = true, .open = open_dmi, .update = update, .close = close_dmi };
