/* The rules of Promtail's file targets, in its order: what a rule dropped, then the host, then the path. One thing is added: labels and
 * annotations are written by whoever makes a pod, so a __path__ that is made of nothing else must stay below the folders of pods' logs.
 * What a rule writes itself in front of the first variable is the administrator's word and goes further. */
#include "agent/logs/log_target.h"

#include <stdio.h>
#include <stdlib.h>

#include "parsers/kubernetes/pod_meta.h"
#include "config/relabels.h"
#include "parsers/bytes/hash.h"
#include "parsers/glob.h"

enum { ROOTS_MAX = 16, RULES_TEXT_MAX = 4 << 20 };

const char *const log_verdict_names[LOG_VERDICTS] = { "kept", "dropped", "wrong_host", "no_path", "bad_path", "forbidden" };

/* ---- what the rules are ---- */

static void hash_text(struct buf *text, struct str s)
{
	buf_u64(text, s.n);
	buf_char(text, ':');
	buf_str(text, s);
}

static uint64_t hash_rules(const struct config_relabels *from)
{
	struct buf text;
	buf_init(&text, RULES_TEXT_MAX);
	for (size_t i = 0; i < from->count; i++) {
		const struct config_relabel *r = &from->at[i];
		const struct str fields[] = { r->separator, r->regex, r->target_label, r->replacement, r->action };
		for (size_t k = 0; k < r->source_labels.count; k++)
			hash_text(&text, r->source_labels.at[k]);
		for (size_t k = 0; k < COUNT_OF(fields); k++)
			hash_text(&text, fields[k]);
		buf_printf(&text, "%llu\n", (unsigned long long)r->modulus);
	}
	uint64_t hash = hash_bytes(buf_view(&text));
	buf_fini(&text);
	return hash;
}

static bool is_action(const struct config_relabel *r, enum relabel_action action)
{
	return str_ieq(r->action, str_of(relabel_action_names[action]));
}

static void note_needed(struct log_rules *rules, struct str name)
{
	if (!rules->needs_pod)
		rules->needed = name;
	rules->needs_pod = true;
}

static void note_needs(struct log_rules *rules, const struct config_relabel *r)
{
	bool reads_target = is_action(r, RELABEL_KEEPEQUAL) || is_action(r, RELABEL_DROPEQUAL);
	for (size_t i = 0; i < r->source_labels.count; i++) {
		rules->needs_status |= pod_meta_needs_status(r->source_labels.at[i]);
		if (pod_meta_needs_object(r->source_labels.at[i]))
			note_needed(rules, r->source_labels.at[i]);
	}
	if (reads_target && pod_meta_needs_object(r->target_label))
		note_needed(rules, r->target_label);
	if (is_action(r, RELABEL_LABELMAP) && pod_meta_pattern_needs_object(r->regex))
		note_needed(rules, r->regex);
}

/* The folder that the replacement begins with, before any variable: "/var/lib/kubelet/pods/" of "/var/lib/kubelet/pods/$1/volumes/x". */
static void note_root(struct log_rules *rules, const struct config_relabel *r)
{
	struct str head = str_take(r->replacement, str_find(r->replacement, '$'));
	while (head.n && head.p[head.n - 1] != '/')
		head.n--;
	bool is_path = str_eq(r->target_label, STR("__path__")) && is_action(r, RELABEL_REPLACE);
	if (is_path && head.n > 1 && head.p[0] == '/' && rules->root_count < ROOTS_MAX)
		rules->roots[rules->root_count++] = head;
}

bool log_rules_init(struct log_rules *rules, const struct config_relabels *from, char err[256])
{
	*rules = (struct log_rules){ .relabel = relabels_compile(from, err), .hash = hash_rules(from) };
	if (err[0])
		return false;
	rules->roots = calloc(ROOTS_MAX, sizeof *rules->roots);
	if (!rules->roots)
		abort();
	for (size_t i = 0; i < from->count; i++) {
		note_needs(rules, &from->at[i]);
		note_root(rules, &from->at[i]);
	}
	return true;
}

void log_rules_fini(struct log_rules *rules)
{
	relabel_free(rules->relabel);
	free(rules->roots);
	*rules = (struct log_rules){ 0 };
}

/* ---- what becomes of a set of labels ---- */

static bool is_below(struct str path, struct str root)
{
	while (root.n && root.p[root.n - 1] == '/')
		root.n--;
	return root.n && str_starts(path, root) && path.n > root.n && path.p[root.n] == '/';
}

static bool is_pattern(struct str path)
{
	if (path.n == 0 || path.p[0] != '/' || !glob_is_valid(path))
		return false;
	for (struct str rest = path; rest.n;)
		if (str_eq(str_cut(&rest, '/'), STR("..")))
			return false;
	return true;
}

static bool is_allowed(struct str path, const struct log_rules *rules, const struct log_target_options *options)
{
	if (!options->is_pod || is_below(path, LOG_PODS_ROOT) || is_below(path, LOG_CONTAINERS_ROOT) ||
	    is_below(path, options->pods_path) || is_below(path, options->docker_path))
		return true;
	for (size_t i = 0; i < rules->root_count; i++)
		if (str_starts(path, rules->roots[i]))
			return true;
	return false;
}

/* /var/log/pods as the rules write it is wherever --path.pod-logs says. */
static struct str move(struct str path, const struct log_target_options *options, struct arena *arena, bool *is_moved)
{
	struct str root = options->pods_path;
	if (!options->is_pod || !is_below(path, LOG_PODS_ROOT) || root.n == 0 || str_eq(root, LOG_PODS_ROOT) || is_below(path, root))
		return path;
	struct str rest = str_skip(path, LOG_PODS_ROOT.n);
	char *moved = arena_alloc(arena, 2 * root.n + rest.n + 1), *at = moved;
	for (size_t i = 0; i < root.n; i++) { /* a path among patterns */
		if (strchr("*?[]{}\\,", root.p[i]))
			*at++ = '\\';
		*at++ = root.p[i];
	}
	memcpy(at, rest.p, rest.n);
	*is_moved = true;
	return (struct str){ moved, (size_t)(at - moved) + rest.n };
}

static enum log_verdict judge(const struct log_target *t, const struct labels *all, const struct log_rules *rules, struct str node,
			      const struct log_target_options *options)
{
	struct str host = labels_get(all, STR("__host__"));
	/* A pod's log that lies on this machine is a pod of this machine, whatever the two call it. */
	bool is_here = host.n == 0 || str_eq(host, options->host) || (options->is_pod && str_eq(host, node));
	if (!is_here)
		return LOG_WRONG_HOST;
	if (t->path.n == 0)
		return LOG_NO_PATH;
	if (!is_pattern(t->path))
		return LOG_BAD_PATH;
	return is_allowed(t->path, rules, options) ? LOG_KEPT : LOG_FORBIDDEN;
}

void log_target_make(struct log_target *out, const struct log_rules *rules, const struct labels *discovered,
		     const struct log_target_options *options, struct arena *arena)
{
	struct labels all = { 0 };
	*out = (struct log_target){ .verdict = LOG_KEPT };
	labels_copy(&all, discovered);
	bool is_kept = relabel_explain(rules->relabel, &all, arena, &out->rule);
	out->path = labels_get(&all, STR("__path__"));
	out->path_exclude = labels_get(&all, STR("__path_exclude__"));
	struct str node = labels_get(discovered, STR("__meta_kubernetes_pod_node_name"));
	out->verdict = is_kept ? judge(out, &all, rules, node, options) : LOG_DROPPED;
	for (size_t i = 0; i < all.count; i++)
		if (!str_starts(all.at[i].name, STR("__")))
			labels_append(&out->labels, all.at[i].name, all.at[i].value);
	labels_sort(&out->labels);
	if (out->verdict == LOG_KEPT) {
		bool is_exclude_moved = false;
		out->path = move(out->path, options, arena, &out->is_moved);
		out->path_exclude = move(out->path_exclude, options, arena, &is_exclude_moved);
	}
	labels_fini(&all);
}

void log_target_fini(struct log_target *t)
{
	labels_fini(&t->labels);
}

struct str log_target_shown(struct str path, bool is_moved, struct str pods_path, char *room, size_t room_bytes)
{
	if (!is_moved || !str_starts(path, pods_path))
		return path;
	int n = snprintf(room, room_bytes, STR_FMT STR_FMT, STR_ARG(LOG_PODS_ROOT), STR_ARG(str_skip(path, pods_path.n)));
	return n > 0 && (size_t)n < room_bytes ? (struct str){ room, (size_t)n } : path;
}

void log_target_why(const struct log_target *t, const struct log_rules *rules, const struct config_relabels *from, char why[256])
{
	const char *action = "";
	uint64_t line = 0;
	if (t->verdict == LOG_DROPPED && t->rule < from->count) {
		action = from->at[t->rule].action.p;
		line = from->at[t->rule].line;
	}
	switch (t->verdict) {
	case LOG_DROPPED:
		snprintf(why, 256, "dropped by rule %zu of relabel_configs (%s, line %llu of the file)", t->rule + 1, action,
			 (unsigned long long)line);
		return;
	case LOG_WRONG_HOST:
		snprintf(why, 256, "__host__ is the name of another machine");
		return;
	case LOG_NO_PATH:
		snprintf(why, 256, rules->relabel ? "no rule has given it a __path__" : "it has no __path__: add relabel_configs that make one");
		return;
	case LOG_BAD_PATH:
		snprintf(why, 256, "its __path__ \"" STR_FMT "\" is not an absolute pattern of files", STR_ARG(str_take(t->path, 100)));
		return;
	case LOG_FORBIDDEN:
		snprintf(why, 256,
			 "its __path__ \"" STR_FMT "\" leads out of the pods' logs: only a root that a rule writes out may, not one out of labels or annotations",
			 STR_ARG(str_take(t->path, 80)));
		return;
	default:
		why[0] = '\0';
	}
}
