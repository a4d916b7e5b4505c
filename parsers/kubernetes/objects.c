/* One pass over the document: members of the list or event, and of each object its metadata. What lies deeper is skipped by the scanner,
 * which proves that it is JSON. */
#include "parsers/kubernetes/objects.h"

#include <stdlib.h>

#include "parsers/json.h"

struct reading {
	struct json j;
	struct objects *out;
	struct arena *arena;
	size_t room;
};

/* The value that comes next, as it stands. */
static struct str raw_value(struct json *j)
{
	size_t from = j->at;
	json_skip(j);
	struct str raw = { j->input.p + from, j->at - from };
	while (raw.n && (raw.p[0] == ':' || raw.p[0] == ',' || ascii_is_blank(raw.p[0])))
		raw = str_skip(raw, 1);
	return raw;
}

static void read_metadata(struct reading *r, struct object *o)
{
	struct json_scope members;
	struct json *j = &r->j;
	for (json_object(j, &members); json_member(j, &members);) {
		if (json_is(j, "namespace"))
			json_text(j, r->arena, &o->namespace_);
		else if (json_is(j, "name"))
			json_text(j, r->arena, &o->name);
		else if (json_is(j, "labels"))
			o->labels = raw_value(j);
		else if (json_is(j, "resourceVersion") && !r->out->is_list)
			json_text(j, r->arena, &r->out->resource_version);
	}
}

static void keep(struct reading *r, const struct object *o)
{
	if (!o->name.n)
		return;
	if (r->out->count == OBJECTS_MAX) {
		r->out->left_out++;
		return;
	}
	if (r->out->count == r->room) {
		size_t room = r->room ? r->room * 2 : 16;
		struct object *at = arena_alloc(r->arena, room * sizeof *at);
		if (r->out->count)
			memcpy(at, r->out->at, r->out->count * sizeof *at);
		r->out->at = at;
		r->room = room;
	}
	r->out->at[r->out->count++] = *o;
}

/* An object, or a Status in its place. */
static void read_object(struct reading *r)
{
	struct json_scope members;
	struct json *j = &r->j;
	struct object o = { 0 };
	for (json_object(j, &members); json_member(j, &members);) {
		if (json_is(j, "metadata"))
			read_metadata(r, &o);
		else if (json_is(j, "spec"))
			o.spec = raw_value(j);
		else if (json_is(j, "code"))
			json_i64(j, &r->out->status_code);
		else if (json_is(j, "reason"))
			json_text(j, r->arena, &r->out->status_reason);
		else if (json_is(j, "message"))
			json_text(j, r->arena, &r->out->status_message);
	}
	keep(r, &o);
}

static void read_list_metadata(struct reading *r)
{
	struct json_scope members;
	struct json *j = &r->j;
	for (json_object(j, &members); json_member(j, &members);) {
		if (json_is(j, "resourceVersion"))
			json_text(j, r->arena, &r->out->resource_version);
		else if (json_is(j, "continue"))
			json_text(j, r->arena, &r->out->continue_);
	}
}

static void read_items(struct reading *r)
{
	struct json_scope items;
	r->out->is_list = true;
	for (json_array(&r->j, &items); json_element(&r->j, &items);)
		read_object(r);
}

bool objects_parse(struct str json, struct objects *out, struct arena *arena, const char **why)
{
	struct reading r = { .out = out, .arena = arena };
	struct json_scope members;
	struct json *j = &r.j;
	*out = (struct objects){ 0 };
	json_init(j, json);
	for (json_object(j, &members); json_member(j, &members);) {
		if (json_is(j, "items"))
			read_items(&r);
		else if (json_is(j, "metadata"))
			read_list_metadata(&r);
		else if (json_is(j, "type"))
			json_text(j, arena, &out->event);
		else if (json_is(j, "object"))
			read_object(&r);
		else if (json_is(j, "code"))
			json_i64(j, &out->status_code);
		else if (json_is(j, "reason"))
			json_text(j, arena, &out->status_reason);
		else if (json_is(j, "message"))
			json_text(j, arena, &out->status_message);
	}
	if (json_end(j))
		return true;
	*why = j->error ? j->error : "it is no JSON object";
	return false;
}
