/* pci.ids is sorted by nothing that is promised, so a name is found by looking through the lines: 1.4 MB, some milliseconds for a
 * machine's devices, and only on request.
 *
 *   8086  Intel Corporation            vendor
 *   \t1237  440FX - 82441FX PMC        its device
 *   \t\t1af4 1100  Qemu virtual machine    subsystem vendor and device of it
 *   C 01  Mass storage controller      class
 *   \t08  Non-Volatile memory controller
 *   \t\t02  NVM Express */
#include "agent/collectors/pciids.h"

#include <stdio.h>

struct pciids *pciids_open(struct files *files, struct arena *arena, const char *path)
{
	static const char *const places[] = { "/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids" };
	struct pciids *p = arena_alloc(arena, sizeof(*p));
	struct str text;
	for (size_t i = 0; i < COUNT_OF(places) && (i == 0 || !*path); i++)
		if (files_read(files, "", *path ? path : places[i], false, &text) == 0) {
			p->text = arena_copy(arena, text);
			break;
		}
	return p;
}

/* The name behind "KEY  " on the first line of *text at this depth of tabs; *text is left at what lies below it, up to its next
 * sibling. */
static bool descend(struct str *text, size_t depth, const char *key, struct str *name)
{
	struct str rest = *text, wanted = str_of(key);
	while (rest.n > 0) {
		struct str line = str_cut(&rest, '\n');
		size_t tabs = 0;
		while (tabs < line.n && line.p[tabs] == '\t')
			tabs++;
		if (line.n == tabs || line.p[0] == '#')
			continue;
		if (tabs < depth)
			return false;
		line = str_skip(line, tabs);
		if (tabs != depth || !str_starts(line, wanted) || !str_starts(str_skip(line, wanted.n), STR("  ")))
			continue;
		*name = str_skip(line, wanted.n + 2);
		while (name->n > 0 && (name->p[0] == ' ' || name->p[0] == '\t'))
			*name = str_skip(*name, 1);
		while (name->n > 0 && (name->p[name->n - 1] == ' ' || name->p[name->n - 1] == '\r'))
			name->n--;
		*text = rest;
		return true;
	}
	return false;
}

static struct str number(struct arena *arena, uint64_t value)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%04llx", (unsigned long long)value);
	return arena_copy(arena, (struct str){ text, (size_t)n });
}

static struct str class_of(const struct pciids *p, struct arena *arena, uint64_t class)
{
	char keys[3][8], unknown[64];
	int n = snprintf(unknown, sizeof(unknown), "Unknown class (%06llx)", (unsigned long long)class);
	struct str text = p->text, name = arena_copy(arena, (struct str){ unknown, (size_t)n });
	snprintf(keys[0], sizeof(keys[0]), "C %02x", (unsigned)(class >> 16) & 0xff);
	snprintf(keys[1], sizeof(keys[1]), "%02x", (unsigned)(class >> 8) & 0xff);
	snprintf(keys[2], sizeof(keys[2]), "%02x", (unsigned)class & 0xff);
	for (size_t depth = 0; depth < 3 && descend(&text, depth, keys[depth], &name); depth++)
		;
	return name;
}

struct pciids_names pciids_find(const struct pciids *p, struct arena *arena, const uint64_t numbers[5])
{
	struct str vendor = number(arena, numbers[1]), device = number(arena, numbers[2]);
	struct str other = number(arena, numbers[3]), part = number(arena, numbers[4]);
	struct pciids_names names = { vendor, device, other, part, class_of(p, arena, numbers[0]) };
	char pair[64];
	snprintf(pair, sizeof(pair), "%.*s %.*s", STR_ARG(other), STR_ARG(part));
	struct str below = p->text, anywhere = p->text;
	if (descend(&below, 0, vendor.p, &names.vendor) && descend(&below, 1, device.p, &names.device))
		descend(&below, 2, pair, &names.subsystem_device);
	descend(&anywhere, 0, other.p, &names.subsystem_vendor);
	return names;
}
