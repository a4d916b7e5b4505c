/* Whether a pod shares the host's network is told by the inode of net/dev: each network has its own. The namespace links in
 * /proc would say the same, but only to those who may trace the process. */
#include "agent/pods/network.h"

#include <stdio.h>
#include <sys/stat.h>

#include "agent/collectors/fields.h"
#include "parsers/bytes/num.h"

enum { COLUMNS = 16 };
static const unsigned columns[NET_VALUES] = { 0, 1, 2, 3, 8, 9, 10, 11 };

static bool is_ignored(struct str name)
{
	static const struct str prefixes[] = { { "lo", 2 }, { "veth", 4 }, { "docker", 6 }, { "nerdctl", 7 } };
	for (size_t i = 0; i < COUNT_OF(prefixes); i++)
		if (name.n >= prefixes[i].n && str_ieq(str_take(name, prefixes[i].n), prefixes[i]))
			return true;
	return false;
}

static bool read_numbers(struct str words, uint64_t numbers[COLUMNS])
{
	for (size_t i = 0; i < COLUMNS; i++)
		if (!num_u64(fields_next(&words), &numbers[i]))
			return false;
	return fields_next(&words).n == 0;
}

/* "  eth0: 1296 16 0 0 0 0 0 0 816 10 0 0 0 0 0 0" */
void network_parse(struct str text, struct network *out)
{
	out->count = 0;
	while (text.n && out->count < NETWORK_INTERFACES_MAX) {
		struct str line = str_cut(&text, '\n');
		const char *colon = line.n ? memrchr(line.p, ':', line.n) : NULL; /* an alias has one in its name */
		uint64_t numbers[COLUMNS];
		if (!colon || !read_numbers(str_skip(line, (size_t)(colon - line.p) + 1), numbers))
			continue;
		struct str name = str_take(line, (size_t)(colon - line.p));
		while (name.n && name.p[0] == ' ')
			name = str_skip(name, 1);
		if (name.n == 0 || name.n >= NETWORK_NAME_MAX || str_find(name, '\0') < name.n || is_ignored(name))
			continue;
		struct network_interface *to = &out->at[out->count++];
		memset(to->name, 0, sizeof to->name);
		memcpy(to->name, name.p, name.n);
		for (size_t i = 0; i < NET_VALUES; i++)
			to->value[i] = numbers[columns[i]];
	}
}

static bool is_same(const char *proc, const char *a, const char *b)
{
	char path[512];
	struct stat x, y;
	snprintf(path, sizeof path, "%s%s", proc, a);
	if (stat(path, &x) < 0)
		return false;
	snprintf(path, sizeof path, "%s%s", proc, b);
	return stat(path, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int network_read(const struct collect *c, pid_t pid, struct network *out, bool *is_of_host)
{
	char path[64];
	struct str text;
	snprintf(path, sizeof path, "/%d/net/dev", (int)pid);
	out->count = 0;
	*is_of_host = is_same(c->roots->proc, path, "/1/net/dev");
	if (*is_of_host && pid != 1)
		return 0;
	int error = files_read(c->files, c->roots->proc, path, false, &text);
	if (error == 0)
		network_parse(text, out);
	return error;
}
