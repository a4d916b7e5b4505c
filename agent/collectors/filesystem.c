/* How full file systems are. The mount table rarely changes from one scrape to the next: what is made of it, with all its patterns, is kept
 * with its text. What statfs says is asked for every time, by mount_probe. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/collectors/all.h"
#include "agent/collectors/mount_probe.h"
#include "agent/collectors/system.h"
#include "parsers/bytes/arena.h"
#include "parsers/bytes/hash.h"
#include "parsers/bytes/map.h"
#include "parsers/bytes/num.h"

enum { OPTION_POINTS_EXCLUDE, OPTION_POINTS_INCLUDE, OPTION_TYPES_EXCLUDE, OPTION_TYPES_INCLUDE, OPTION_IGNORED_POINTS, OPTION_IGNORED_TYPES,
	OPTION_TIMEOUT, OPTION_WORKERS };
enum { TEXT_MAX = 4 << 20 };
#define POINTS_EXCLUDE "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)"
/* Every volume of every pod is mounted there: series by the hundred, and not the node's. */
#define POINTS_EXCLUDE_KUBERNETES \
	"^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+|var/lib/kubelet/.+)($|/)"
#define TYPES_EXCLUDE \
	"^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|" \
	"rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs)$"

static const struct collector_option options[] = {
	{ "mount-points-exclude", POINTS_EXCLUDE,
		"Regexp of mount points to exclude for filesystem collector. (mutually exclusive to mount-points-include)" },
	{ "mount-points-include", "",
		"Regexp of mount points to include for filesystem collector. (mutually exclusive to mount-points-exclude)" },
	{ "fs-types-exclude", TYPES_EXCLUDE,
		"Regexp of filesystem types to exclude for filesystem collector. (mutually exclusive to fs-types-include)" },
	{ "fs-types-include", "",
		"Regexp of filesystem types to include for filesystem collector. (mutually exclusive to fs-types-exclude)" },
	{ "ignored-mount-points", "", "Regexp of mount points to ignore for filesystem collector." },
	{ "ignored-fs-types", "", "Regexp of filesystem types to ignore for filesystem collector." },
	{ "mount-timeout", "5s", "how long to wait for a mount to respond before marking it as stale" },
	{ "stat-workers", "4", "has no effect: a thread is started for each mount that does not respond" },
	{ NULL, NULL, NULL },
};

struct mount {
	struct str device, point, type, major, minor; /* as labels */
	bool is_read_only;
	bool has_values, has_info; /* first of its labels: a page holds a series once, the table may hold a mount twice */
	const struct mount_answer *answer;
};
struct mounts { /* of one mount table */
	struct arena arena;
	struct mount *at;
	const char **paths; /* to ask for, each once; NUL-terminated */
	struct mount_answer *answers;
	size_t count, path_count;
	uint64_t hash;
	size_t text_bytes;
	bool is_made;
};
struct state {
	struct device_filter points, types;
	struct mount_probe *probe;
	struct mounts mounts;
};

/* ---- options ---- */

/* A default that stands in the way of an include, or of the older name of the option, gives way. */
static const char *exclude_of(const char *exclude, const char *fallback, const char *include, const char *older)
{
	if (strcmp(exclude, fallback) != 0)
		return exclude;
	return *older ? older : *include ? "" : exclude;
}

static void close_filesystem(void *state)
{
	struct state *s = state;
	device_filter_fini(&s->points);
	device_filter_fini(&s->types);
	mount_probe_free(s->probe);
	arena_fini(&s->mounts.arena);
	free(s);
}

static void *open_filesystem(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots;
	struct state *s = calloc(1, sizeof *s);
	int64_t timeout_ns;
	if (!s)
		abort();
	const char *points = exclude_of(values[OPTION_POINTS_EXCLUDE], POINTS_EXCLUDE, values[OPTION_POINTS_INCLUDE],
		values[OPTION_IGNORED_POINTS]);
	if (strcmp(points, POINTS_EXCLUDE) == 0 && getenv("KUBERNETES_SERVICE_HOST"))
		points = POINTS_EXCLUDE_KUBERNETES;
	const char *types = exclude_of(values[OPTION_TYPES_EXCLUDE], TYPES_EXCLUDE, values[OPTION_TYPES_INCLUDE],
		values[OPTION_IGNORED_TYPES]);
	if (device_filter_init(&s->points, values[OPTION_POINTS_INCLUDE], points, err) < 0 ||
		device_filter_init(&s->types, values[OPTION_TYPES_INCLUDE], types, err) < 0) {
		close_filesystem(s);
		return NULL;
	}
	if (!num_duration_ns(str_of(values[OPTION_TIMEOUT]), &timeout_ns) || timeout_ns <= 0) {
		snprintf(err, 256, "mount-timeout \"%.80s\" is no duration, such as 5s", values[OPTION_TIMEOUT]);
		close_filesystem(s);
		return NULL;
	}
	s->probe = mount_probe_new(statfs, timeout_ns);
	return s;
}

/* ---- the mount table ---- */

static struct str label(struct mounts *m, struct str text, struct buf *room)
{
	buf_reset(room);
	text_mend(text, room);
	return arena_copy(&m->arena, buf_view(room));
}

static struct str number(struct mounts *m, uint64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%llu", (unsigned long long)value);
	return arena_copy(&m->arena, (struct str){ text, (size_t)n });
}

static bool is_first(struct mounts *m, struct map *seen, const struct str *parts, size_t count, struct buf *room)
{
	buf_reset(room);
	for (size_t i = 0; i < count; i++) {
		buf_str(room, parts[i]);
		buf_char(room, '\0');
	}
	if (map_get(seen, buf_view(room)))
		return false;
	map_put(seen, arena_copy(&m->arena, buf_view(room)), m);
	return true;
}

static const struct mount_answer *answer_for(struct mounts *m, struct map *asked, const char *rootfs, struct str path, struct buf *room)
{
	buf_reset(room);
	if (strcmp(rootfs, "/") != 0)
		buf_str(room, str_of(rootfs));
	buf_str(room, path);
	struct mount_answer *answer = map_get(asked, buf_view(room));
	if (answer)
		return answer;
	struct str key = arena_copy(&m->arena, buf_view(room));
	m->paths[m->path_count] = key.p;
	answer = &m->answers[m->path_count++];
	map_put(asked, key, answer);
	return answer;
}

static void make_mounts(struct state *s, struct collect *c, struct str text)
{
	struct mounts *m = &s->mounts;
	struct map seen = { 0 }, asked = { 0 };
	struct buf path, room;
	size_t lines = 1;
	uint64_t hash = hash_bytes(text);
	arena_fini(&m->arena);
	*m = (struct mounts){ .hash = hash, .text_bytes = text.n, .is_made = true };
	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	m->at = arena_alloc(&m->arena, lines * sizeof *m->at);
	m->paths = arena_alloc(&m->arena, lines * sizeof *m->paths);
	m->answers = arena_alloc(&m->arena, lines * sizeof *m->answers);
	buf_init(&path, TEXT_MAX);
	buf_init(&room, 4 * TEXT_MAX);
	while (text.n) {
		struct mount_line line;
		if (!mount_line_parse(str_cut(&text, '\n'), &line))
			continue;
		buf_reset(&path);
		mount_point_path(line.point, c->roots->rootfs, &path);
		struct mount mount = { .point = label(m, buf_view(&path), &room), .is_read_only = mount_line_is_read_only(&line) };
		if (device_filter_ignores(&s->points, mount.point) || device_filter_ignores(&s->types, line.type))
			continue;
		mount.device = label(m, line.source, &room);
		mount.type = label(m, line.type, &room);
		mount.major = number(m, line.major);
		mount.minor = number(m, line.minor);
		const struct str info[] = { mount.device, mount.major, mount.minor, mount.point };
		mount.has_values = is_first(m, &seen, (const struct str[]){ mount.device, mount.type, mount.point }, 3, &room);
		mount.has_info = is_first(m, &seen, info, COUNT_OF(info), &room);
		mount.answer = answer_for(m, &asked, c->roots->rootfs, buf_view(&path), &room);
		m->at[m->count++] = mount;
	}
	map_fini(&seen);
	map_fini(&asked);
	buf_fini(&path);
	buf_fini(&room);
}

static int read_mounts(struct state *s, struct collect *c)
{
	struct str text;
	int error = files_read(c->files, c->roots->proc, "/1/mountinfo", true, &text);
	if (error) /* /proc may hide other people's processes */
		error = files_read(c->files, c->roots->proc, "/self/mountinfo", true, &text);
	if (error)
		return error;
	if (!s->mounts.is_made || s->mounts.text_bytes != text.n || s->mounts.hash != hash_bytes(text))
		make_mounts(s, c, text);
	return 0;
}

/* ---- families ---- */

/* strerror with a small first letter, as the label has always been; "mountpoint timeout" for one that hangs. */
static struct str error_text(const struct mount_answer *a, char room[128])
{
	if (a->is_stuck)
		return STR("mountpoint timeout");
	if (a->error == 0)
		return (struct str){ 0 };
	snprintf(room, 128, "%s", strerror(a->error));
	if (room[0] >= 'A' && room[0] <= 'Z' && room[1] >= 'a' && room[1] <= 'z')
		room[0] = ascii_lower(room[0]);
	return str_of(room);
}

enum value { AVAIL, DEVICE_ERROR, FILES, FILES_FREE, FREE, PURGEABLE, READ_ONLY, SIZE };
static const struct {
	const char *name, *help;
	enum value value;
	bool has_errors; /* shown for a mount that does not answer, too */
} table[] = {
	{ "node_filesystem_avail_bytes", "Filesystem space available to non-root users in bytes.", AVAIL, false },
	{ "node_filesystem_device_error", "Whether an error occurred while getting statistics for the given device.", DEVICE_ERROR, true },
	{ "node_filesystem_files", "Filesystem total file nodes.", FILES, false },
	{ "node_filesystem_files_free", "Filesystem total free file nodes.", FILES_FREE, false },
	{ "node_filesystem_free_bytes", "Filesystem free space in bytes.", FREE, false },
	{ "node_filesystem_purgeable_bytes", "Filesystem space available including purgeable space (MacOS specific).", PURGEABLE, false },
	{ "node_filesystem_readonly", "Filesystem read-only status.", READ_ONLY, true },
	{ "node_filesystem_size_bytes", "Filesystem size in bytes.", SIZE, false },
};

static double value_of(const struct mount *m, enum value value)
{
	const struct statfs *v = &m->answer->values;
	double block = (double)v->f_bsize;
	const double values[] = {
		[AVAIL] = (double)v->f_bavail * block,
		[DEVICE_ERROR] = m->answer->is_stuck || m->answer->error,
		[FILES] = (double)v->f_files,
		[FILES_FREE] = (double)v->f_ffree,
		[FREE] = (double)v->f_bfree * block,
		[PURGEABLE] = 0,
		[READ_ONLY] = m->is_read_only && !m->answer->is_stuck,
		[SIZE] = (double)v->f_blocks * block,
	};
	return values[value];
}

static void write_mounts(const struct mounts *m, struct families *f)
{
	for (size_t t = 0; t < COUNT_OF(table); t++) {
		families_begin(f, table[t].name, METRIC_GAUGE, table[t].help);
		for (size_t i = 0; i < m->count; i++) {
			const struct mount *mount = &m->at[i];
			char room[128];
			const struct str error = error_text(mount->answer, room);
			const struct metric_label labels[] = { { "device", mount->device }, { "device_error", error },
				{ "fstype", mount->type }, { "mountpoint", mount->point } };
			if (mount->has_values && (error.n == 0 || table[t].has_errors))
				families_sample(f, "", labels, COUNT_OF(labels), value_of(mount, table[t].value));
		}
	}
	families_begin(f, "node_filesystem_mount_info", METRIC_GAUGE, "Filesystem mount information.");
	for (size_t i = 0; i < m->count; i++) {
		const struct metric_label labels[] = { { "device", m->at[i].device }, { "major", m->at[i].major },
			{ "minor", m->at[i].minor }, { "mountpoint", m->at[i].point } };
		if (m->at[i].has_info && !m->at[i].answer->is_stuck && m->at[i].answer->error == 0)
			families_sample(f, "", labels, COUNT_OF(labels), 1);
	}
}

static int update(void *state, struct collect *c)
{
	struct state *s = state;
	int error = read_mounts(s, c);
	if (error)
		return error;
	mount_probe_ask(s->probe, s->mounts.paths, s->mounts.answers, s->mounts.path_count);
	write_mounts(&s->mounts, c->out);
	return 0;
}

const struct collector collector_filesystem = { .name = "filesystem", .is_default = true, .options = options, .open = open_filesystem,
	.update = update, .close = close_filesystem };
