/* What udev found out about a device: /run/udev/data/b8:0, lines such as "E:ID_MODEL=…". Other letters stand for links, tags and times. */
#include "agent/collectors/system.h"

static const struct str names[UDEV_KEYS] = {
#define NAME(key) [UDEV_##key] = { #key, sizeof #key - 1 }
	NAME(DM_LV_LAYER),
	NAME(DM_LV_NAME),
	NAME(DM_NAME),
	NAME(DM_UUID),
	NAME(DM_VG_NAME),
	NAME(ID_ATA),
	NAME(ID_ATA_ROTATION_RATE_RPM),
	NAME(ID_ATA_WRITE_CACHE),
	NAME(ID_ATA_WRITE_CACHE_ENABLED),
	NAME(ID_FS_TYPE),
	NAME(ID_FS_USAGE),
	NAME(ID_FS_UUID),
	NAME(ID_FS_VERSION),
	NAME(ID_MODEL),
	NAME(ID_PATH),
	NAME(ID_REVISION),
	NAME(ID_SERIAL),
	NAME(ID_SERIAL_SHORT),
	NAME(ID_WWN),
	NAME(SCSI_IDENT_SERIAL),
#undef NAME
};

void udev_parse(struct str text, struct str out[UDEV_KEYS])
{
	memset(out, 0, UDEV_KEYS * sizeof *out);
	while (text.n) {
		struct str value = str_cut(&text, '\n');
		if (value.n && value.p[value.n - 1] == '\r')
			value.n--;
		if (!str_starts(value, STR("E:")) || str_find(value, '=') == value.n)
			continue;
		struct str key = str_skip(str_cut(&value, '='), 2);
		for (size_t i = 0; i < UDEV_KEYS; i++)
			if (str_eq(key, names[i]))
				out[i] = value;
	}
}
