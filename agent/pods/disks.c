/* "   8       0 sda 12 0 …": numbers and name are the first three words. */
#include "agent/pods/disks.h"

#include "agent/collectors/fields.h"
#include "parsers/bytes/num.h"

void disks_parse(struct str diskstats, struct disks *out, struct arena *arena)
{
	size_t lines = 0;
	for (size_t i = 0; i < diskstats.n; i++)
		lines += diskstats.p[i] == '\n';
	size_t room = lines < DISKS_MAX ? lines + 1 : DISKS_MAX;
	*out = (struct disks){ arena_alloc(arena, room * sizeof *out->at), 0 };
	while (diskstats.n && out->count < room) {
		struct str line = str_cut(&diskstats, '\n'), major = fields_next(&line), minor = fields_next(&line),
			name = fields_next(&line);
		uint64_t a, b;
		if (!num_u64(major, &a) || !num_u64(minor, &b) || a > UINT32_MAX || b > UINT32_MAX || !name.n)
			continue;
		char *path = arena_alloc(arena, name.n + 5);
		memcpy(path, "/dev/", 5);
		memcpy(path + 5, name.p, name.n);
		out->at[out->count++] = (struct disk){ (uint32_t)a, (uint32_t)b, { path, name.n + 5 } };
	}
}

struct str disks_path(const struct disks *d, uint32_t major, uint32_t minor)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->at[i].major == major && d->at[i].minor == minor)
			return d->at[i].path;
	return (struct str){ 0 };
}
