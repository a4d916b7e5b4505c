/* Component by component, keeping what the last pod was: the tree of a node that itself runs in a container has other pods' and
 * containers' names in front. */
#include "agent/pods/cgroup_path.h"

static bool is_hex(char c)
{
	return ascii_is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool is_hex_all(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_hex(s.p[i]))
			return false;
	return s.n > 0;
}

static struct str without(struct str name, struct str suffix)
{
	return str_ends(name, suffix) ? str_take(name, name.n - suffix.n) : name;
}

/* "<runtime>-<id>.scope", "<id>", "…:<runtime>:<id>": the id, or nothing. */
static struct str container_id(struct str name)
{
	struct str stem = without(name, STR(".scope"));
	if (stem.n < CGROUP_ID_BYTES)
		return (struct str){ 0 };
	struct str id = str_skip(stem, stem.n - CGROUP_ID_BYTES);
	char before = stem.n == CGROUP_ID_BYTES ? '-' : stem.p[stem.n - CGROUP_ID_BYTES - 1];
	return is_hex_all(id) && (before == '-' || before == ':') ? id : (struct str){ 0 };
}

/* "[…-]pod<uid>[.slice]", also with ":<runtime>:<id>" behind it. */
static bool read_uid(struct str name, char uid[CGROUP_UID_MAX + 1])
{
	struct str stem = without(str_take(name, str_find(name, ':')), STR(".slice"));
	for (size_t n = CGROUP_UID_MIN; n <= CGROUP_UID_MAX && n + 3 <= stem.n; n++) {
		struct str tail = str_skip(stem, stem.n - n - 3);
		char before = tail.p == stem.p ? '-' : tail.p[-1];
		char found[CGROUP_UID_MAX + 1] = "";
		if (before != '-' || !str_starts(tail, STR("pod")))
			continue;
		for (size_t i = 0; i < n; i++) {
			char c = tail.p[3 + i] == '_' ? '-' : tail.p[3 + i];
			if (!is_hex(c) && c != '-')
				return false;
			found[i] = c;
		}
		memcpy(uid, found, sizeof found);
		return true;
	}
	return false;
}

/* The whole name, or what stands behind a dash in a slice's. */
static bool is_called(struct str name, struct str word)
{
	struct str stem = without(name, STR(".slice"));
	return str_ends(stem, word) && (stem.n == word.n || stem.p[stem.n - word.n - 1] == '-');
}

static bool is_ignored(struct str name, bool is_in_slice)
{
	if (str_ends(name, STR(".mount")) || str_starts(name, STR("crio-conmon-")))
		return true;
	return is_in_slice && str_starts(name, STR("crio-")) && !str_ends(name, STR(".scope"));
}

struct str cgroup_path_of_process(struct str line)
{
	static const struct str inside[] = { { "/container", 10 }, { "/init.scope", 11 } };
	str_cut(&line, ':');
	str_cut(&line, ':');
	for (size_t i = 0; i < COUNT_OF(inside); i++)
		line = without(line, inside[i]);
	const char *slash = line.n ? memrchr(line.p, '/', line.n) : NULL;
	struct str name = slash ? str_skip(line, (size_t)(slash - line.p) + 1) : (struct str){ 0 };
	return str_starts(name, STR("crio-conmon-")) ? (struct str){ 0 } : container_id(name);
}

struct cgroup_path cgroup_path_parse(struct str path)
{
	struct cgroup_path out = { 0 };
	bool is_in_slice = false;
	while (path.n) {
		struct str name = str_cut(&path, '/');
		if (name.n == 0)
			continue;
		enum cgroup_kind around = out.kind;
		out.kind = CGROUP_OTHER;
		out.container_id = (struct str){ 0 };
		bool is_pod = read_uid(name, out.uid), is_inside = is_pod || around == CGROUP_POD;
		struct str id = container_id(name);
		if (is_inside && is_ignored(name, is_in_slice)) {
			out.kind = CGROUP_IGNORED;
		} else if (is_inside && id.n) {
			out.kind = CGROUP_CONTAINER;
			out.container_id = id;
		} else if (is_pod) {
			out.kind = CGROUP_POD;
		} else if (is_called(name, STR("kubepods"))) {
			out.kind = CGROUP_KUBEPODS;
		} else if (around == CGROUP_KUBEPODS && (is_called(name, STR("burstable")) || is_called(name, STR("besteffort")) ||
								is_called(name, STR("guaranteed")))) {
			out.kind = CGROUP_QOS;
		}
		if (out.kind == CGROUP_KUBEPODS)
			out.uid[0] = '\0'; /* pods of another node begin here */
		is_in_slice = str_ends(name, STR(".slice"));
	}
	return out;
}
