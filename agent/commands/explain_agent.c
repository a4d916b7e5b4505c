/* The agent's JSON into rows, by tables of names and places; what is not known is passed over, so that an agent of another version can be asked.
 * Texts are copied out of the answer. Where it does not answer, the rest of the explanation goes on without it. */
#include "agent/commands/explain_agent.h"

#include <stdio.h>

#include "exporters/encode.h"
#include "parsers/json.h"

enum { ANSWER_MOST = 8 << 20, URL_MOST = 16 << 10 };

struct text_field { const char *name; struct str *to; };
struct number_field { const char *name; uint64_t *to; };
struct bool_field { const char *name; bool *to; };

/* Takes the member that j stands before, when it is one of these. */
static bool take_text(struct json *j, struct arena *arena, const struct text_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (json_is(j, fields[i].name)) {
			struct str text = { 0 };
			json_text(j, arena, &text);
			*fields[i].to = arena_copy(arena, text);
			return true;
		}
	return false;
}

static bool take_number(struct json *j, const struct number_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (json_is(j, fields[i].name)) {
			int64_t value = 0;
			json_i64(j, &value);
			*fields[i].to = value > 0 ? (uint64_t)value : 0;
			return true;
		}
	return false;
}

static bool take_bool(struct json *j, const struct bool_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (json_is(j, fields[i].name)) {
			json_bool(j, fields[i].to);
			return true;
		}
	return false;
}

/* Calls fn for "data" of the answer to path. false: there is none, v->err says why. */
static bool ask_data(struct agent_view *v, struct ask *a, const char *path, void (*fn)(struct agent_view *v, struct json *j))
{
	struct buf answer;
	struct json j;
	struct json_scope whole;
	buf_init(&answer, ANSWER_MOST);
	bool is_answered = ask_get(a, path, &answer);
	if (!is_answered)
		snprintf(v->err, sizeof v->err, "%s", a->err);
	json_init(&j, buf_view(&answer));
	for (json_object(&j, &whole); is_answered && json_member(&j, &whole);)
		if (json_is(&j, "data"))
			fn(v, &j);
	if (is_answered && !json_end(&j)) {
		is_answered = false;
		snprintf(v->err, sizeof v->err, "what answers at %.250s is no agent; say where it listens with --web.listen-address", a->url);
	}
	buf_fini(&answer);
	return is_answered;
}

/* ---- status ---- */

static void read_part(struct agent_view *v, struct json *j)
{
	const struct text_field fields[] = { { "path", &v->config_path }, { "hash", &v->config_hash }, { "pod_logs", &v->pods_path },
					     { "docker", &v->docker_path }, { "state", &v->state_path } };
	struct json_scope members;
	for (json_object(j, &members); json_member(j, &members);)
		take_text(j, &v->arena, fields, COUNT_OF(fields));
}

static void read_status(struct agent_view *v, struct json *j)
{
	struct json_scope members;
	for (json_object(j, &members); json_member(j, &members);)
		if (json_is(j, "config") || json_is(j, "paths"))
			read_part(v, j);
}

void agent_view_status(struct agent_view *v, struct ask *a)
{
	*v = (struct agent_view){ 0 };
	v->has_answered = ask_data(v, a, "/api/v1/status", read_status);
}

/* ---- the file ---- */

static void read_lane(struct agent_view *v, struct json *j, struct agent_lane *lane)
{
	const struct text_field texts[] = { { "name", &lane->name } };
	const struct number_field numbers[] = { { "read_bytes", &lane->read_bytes }, { "acked_bytes", &lane->acked_bytes } };
	const struct bool_field bools[] = { { "at_end", &lane->is_at_end }, { "unfinished_line", &lane->has_unfinished }, { "waiting", &lane->is_waiting } };
	struct json_scope members;
	for (json_object(j, &members); json_member(j, &members);)
		if (!take_text(j, &v->arena, texts, COUNT_OF(texts)) && !take_number(j, numbers, COUNT_OF(numbers)))
			take_bool(j, bools, COUNT_OF(bools));
}

static void read_file(struct agent_view *v, struct json *j)
{
	struct agent_file file = { 0 };
	const struct text_field texts[] = { { "path", &file.path },           { "log", &file.log },     { "job", &file.job },
					    { "format", &file.format },       { "state", &file.state }, { "error", &file.error },
					    { "stdout", &file.stdout_labels } };
	const struct number_field numbers[] = { { "size_bytes", &file.size_bytes } };
	struct json_scope members, list;
	for (json_object(j, &members); json_member(j, &members);) {
		if (take_text(j, &v->arena, texts, COUNT_OF(texts)) || take_number(j, numbers, COUNT_OF(numbers)) || !json_is(j, "destinations"))
			continue;
		for (json_array(j, &list); json_element(j, &list);) {
			struct agent_lane lane = { 0 };
			read_lane(v, j, &lane);
			if (file.lane_count < EXPLAIN_LANES_MAX)
				file.lanes[file.lane_count++] = lane;
		}
	}
	if (v->file_count < EXPLAIN_FILES_MAX)
		v->files[v->file_count++] = file;
}

/* The longest path is the nearest; one that lies below what was asked for is about something else. */
static void read_refused(struct agent_view *v, struct json *j)
{
	struct str path = { 0 }, why = { 0 };
	const struct text_field texts[] = { { "path", &path }, { "why", &why } };
	struct json_scope members;
	for (json_object(j, &members); json_member(j, &members);)
		take_text(j, &v->arena, texts, COUNT_OF(texts));
	if (path.n > v->asked.n || path.n <= v->refused_path.n)
		return;
	v->refused_path = path;
	v->refused_why = why;
}

static void read_target(struct agent_view *v, struct json *j)
{
	struct agent_target t = { 0 };
	const struct text_field texts[] = { { "job", &t.job }, { "state", &t.state }, { "path", &t.path }, { "why", &t.why }, { "asks", &t.asks },
					    { "discovered", &t.discovered }, { "labels", &t.labels } };
	struct json_scope members;
	for (json_object(j, &members); json_member(j, &members);)
		take_text(j, &v->arena, texts, COUNT_OF(texts));
	if (v->target_count < EXPLAIN_TARGETS_MAX)
		v->targets[v->target_count++] = t;
}

static void read_files(struct agent_view *v, struct json *j)
{
	static const struct { const char *name; void (*read)(struct agent_view *v, struct json *j); } lists[] = {
		{ "files", read_file }, { "refused", read_refused }, { "targets", read_target },
	};
	struct json_scope members, list;
	for (json_object(j, &members); json_member(j, &members);)
		for (size_t i = 0; i < COUNT_OF(lists); i++) {
			if (!json_is(j, lists[i].name))
				continue;
			for (json_array(j, &list); json_element(j, &list);)
				lists[i].read(v, j);
			break;
		}
}

/* ---- destinations and drops ---- */

static void read_destination(struct agent_view *v, struct json *j)
{
	struct agent_destination d = { 0 };
	const struct text_field texts[] = { { "name", &d.name }, { "url", &d.url }, { "state", &d.state }, { "last_error", &d.last_error },
					    { "last_success", &d.last_success }, { "last_error_time", &d.last_error_time } };
	const struct number_field numbers[] = { { "lines_pending", &d.pending } };
	struct json_scope members;
	for (json_object(j, &members); json_member(j, &members);) {
		if (take_text(j, &v->arena, texts, COUNT_OF(texts)) || take_number(j, numbers, COUNT_OF(numbers)))
			continue;
		if (json_is(j, "last_status"))
			json_i64(j, &d.last_status);
		else if (json_is(j, "retry_in_seconds"))
			json_double(j, &d.retry_s);
	}
	if (v->destination_count < EXPLAIN_LANES_MAX)
		v->destinations[v->destination_count++] = d;
}

static void read_destinations(struct agent_view *v, struct json *j)
{
	struct json_scope members, list;
	for (json_object(j, &members); json_member(j, &members);)
		if (json_is(j, "destinations"))
			for (json_array(j, &list); json_element(j, &list);)
				read_destination(v, j);
}

static void read_drop(struct agent_view *v, struct json *j)
{
	struct agent_drop d = { 0 };
	const struct text_field texts[] = { { "timestamp", &d.timestamp }, { "reason", &d.reason }, { "destination", &d.destination }, { "labels", &d.labels },
					    { "line", &d.line }, { "error", &d.error } };
	const struct number_field numbers[] = { { "lines", &d.lines } };
	struct json_scope members;
	for (json_object(j, &members); json_member(j, &members);)
		if (!take_text(j, &v->arena, texts, COUNT_OF(texts)))
			take_number(j, numbers, COUNT_OF(numbers));
	if (v->drop_count < EXPLAIN_DROPS_MAX)
		v->drops[v->drop_count++] = d;
}

static void read_drops(struct agent_view *v, struct json *j)
{
	struct json_scope members, list;
	for (json_object(j, &members); json_member(j, &members);)
		if (json_is(j, "entries"))
			for (json_array(j, &list); json_element(j, &list);)
				read_drop(v, j);
}

void agent_view_file(struct agent_view *v, struct ask *a, struct str path, uint64_t dev, uint64_t ino)
{
	struct buf url;
	if (!v->has_answered)
		return;
	v->asked = arena_copy(&v->arena, path);
	v->drops = arena_alloc(&v->arena, EXPLAIN_DROPS_MAX * sizeof *v->drops);
	buf_init(&url, URL_MOST);
	buf_printf(&url, "/api/v1/file?device=%llu&inode=%llu&path=", (unsigned long long)dev, (unsigned long long)ino);
	encode_form(&url, path);
	buf_char(&url, '\0');
	v->has_answered = !url.is_full && ask_data(v, a, url.p, read_files) && ask_data(v, a, "/api/v1/destinations", read_destinations) &&
			  ask_data(v, a, "/api/v1/drops", read_drops);
	buf_fini(&url);
}

void agent_view_fini(struct agent_view *v)
{
	arena_fini(&v->arena);
	*v = (struct agent_view){ 0 };
}
