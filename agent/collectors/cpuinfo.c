/* /proc/cpuinfo: blocks of "key : value", one per processor. The keys differ between architectures: x86 and arm64 are read, and on arm64
 * the features of the last block stand for `flags`. */
#include "agent/collectors/fields.h"
#include "agent/collectors/system.h"

#include <stddef.h>

static const struct {
	struct str key;
	size_t offset;
} table[] = {
#define KEY(literal, field) { { literal, sizeof(literal) - 1 }, offsetof(struct cpu_info, field) }
	KEY("vendor_id", vendor),
	KEY("vendor", vendor),
	KEY("cpu family", family),
	KEY("model", model),
	KEY("model name", model_name),
	KEY("microcode", microcode),
	KEY("stepping", stepping),
	KEY("cache size", cachesize),
	KEY("physical id", package),
	KEY("core id", core),
	KEY("flags", flags),
	KEY("Features", flags),
	KEY("bugs", bugs),
#undef KEY
};

void cpuinfo_parse(struct str text, struct buf *rows)
{
	struct cpu_info row;
	bool is_open = false;
	while (text.n) {
		struct str value = str_cut(&text, '\n'), key = str_trim(str_cut(&value, ':'));
		if (str_starts(value, STR(" "))) /* one blank: the rest belongs to the value */
			value = str_skip(value, 1);
		if (str_eq(key, STR("processor"))) {
			if (is_open)
				buf_append(rows, &row, sizeof row);
			row = (struct cpu_info){ .processor = str_trim(value) };
			is_open = true;
			continue;
		}
		if (!is_open)
			continue;
		if (str_eq(key, STR("cpu MHz")))
			fields_number(str_trim(value), &row.mhz);
		for (size_t i = 0; i < COUNT_OF(table); i++)
			if (str_eq(key, table[i].key))
				memcpy((char *)&row + table[i].offset, &value, sizeof value);
	}
	if (is_open)
		buf_append(rows, &row, sizeof row);
}
