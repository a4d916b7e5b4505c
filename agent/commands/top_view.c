/* A log is a row: the pod where there is one, else the file. A file that was renamed is another name for the same bytes, so bytes per second
 * are counted per file name, and a name that is new or smaller than before counts from its beginning. */
#include "agent/commands/top_view.h"

#include <stdio.h>
#include <stdlib.h>

#include "parsers/bytes/array.h"
#include "parsers/bytes/num.h"
#include "parsers/json.h"

const char *const top_sort_names[TOP_SORTS] = { "behind", "lag", "bytes", "name" };

/* ---- pieces of JSON ---- */

static uint64_t number(struct json *j)
{
	int64_t value = 0;
	return json_i64(j, &value) && value > 0 ? (uint64_t)value : 0;
}

static struct str text(struct json *j, struct arena *arena)
{
	struct str value = { 0 };
	json_text(j, arena, &value);
	return arena_copy(arena, value);
}

static uint64_t sum(struct json *j)
{
	struct json_scope counts;
	uint64_t all = 0;
	for (json_object(j, &counts); json_member(j, &counts);)
		all += number(j);
	return all;
}

/* Enters {"status":…,"data":HERE}. */
static bool enter(struct json *j, struct json_scope *whole, struct str input)
{
	json_init(j, input);
	for (json_object(j, whole); json_member(j, whole);)
		if (json_is(j, "data"))
			return true;
	return false;
}

static bool leave(struct json *j, struct json_scope *whole, const char *what, char err[256])
{
	while (json_member(j, whole))
		;
	if (json_end(j))
		return true;
	snprintf(err, 256, "/api/v1/%s: %s at byte %zu: is that an agent?", what, j->error ? j->error : "no answer", j->at);
	return false;
}

/* ---- the three answers ---- */

static bool read_status(struct top_view *v, struct str input, char err[256])
{
	struct json j;
	struct json_scope whole, data = { 0 };
	if (enter(&j, &whole, input))
		json_object(&j, &data);
	while (json_member(&j, &data)) {
		if (json_is(&j, "version"))
			v->version = text(&j, &v->arena);
		else if (json_is(&j, "node"))
			v->node = text(&j, &v->arena);
		else if (json_is(&j, "mode"))
			v->mode = text(&j, &v->arena);
		else if (json_is(&j, "ready"))
			json_bool(&j, &v->is_ready);
		else if (json_is(&j, "not_ready_why"))
			v->not_ready_why = text(&j, &v->arena);
		else if (json_is(&j, "degraded"))
			json_bool(&j, &v->is_degraded);
		else if (json_is(&j, "degraded_why"))
			v->degraded_why = text(&j, &v->arena);
		else if (json_is(&j, "lag_seconds"))
			json_double(&j, &v->lag_s);
		else if (json_is(&j, "files_refused"))
			v->files_refused = number(&j);
		else if (json_is(&j, "lines_read"))
			v->lines.total = number(&j);
		else if (json_is(&j, "bytes_read"))
			v->bytes.total = number(&j);
		else if (json_is(&j, "bytes_lost"))
			v->bytes_lost = sum(&j);
	}
	return leave(&j, &whole, "status", err);
}

static void read_destination(struct top_view *v, struct json *j, bool is_receiver)
{
	struct json_scope members;
	v->destinations = array_room(v->destinations, v->destination_count, &v->destination_room, sizeof *v->destinations);
	struct top_destination *d = &v->destinations[v->destination_count++];
	*d = (struct top_destination){ .is_receiver = is_receiver };
	for (json_object(j, &members); json_member(j, &members);) {
		if (json_is(j, "name"))
			d->name = text(j, &v->arena);
		else if (json_is(j, "state"))
			d->state = text(j, &v->arena);
		else if (json_is(j, "last_error"))
			d->last_error = text(j, &v->arena);
		else if (json_is(j, "retry_in_seconds"))
			json_double(j, &d->retry_s);
		else if (json_is(j, "lines_sent") || json_is(j, "samples_sent"))
			d->sent.total = number(j);
		else if (json_is(j, "lines_pending") || json_is(j, "samples_pending"))
			d->pending = number(j);
		else if (json_is(j, "samples_shed"))
			d->dropped.total += number(j);
		else if (json_is(j, "lines_dropped") || json_is(j, "samples_dropped"))
			d->dropped.total += sum(j);
		else if (json_is(j, "sent_bytes"))
			d->bytes.total = number(j);
	}
}

static bool read_destinations(struct top_view *v, struct str input, char err[256])
{
	struct json j;
	struct json_scope whole, data = { 0 }, list;
	if (enter(&j, &whole, input))
		json_object(&j, &data);
	while (json_member(&j, &data)) {
		bool is_receiver = json_is(&j, "receivers");
		if (!is_receiver && !json_is(&j, "destinations"))
			continue;
		for (json_array(&j, &list); json_element(&j, &list);)
			read_destination(v, &j, is_receiver);
	}
	return leave(&j, &whole, "destinations", err);
}

struct file_row { struct str path, namespace_, pod, state, error; uint64_t size_bytes, read_bytes, acked_bytes; double lag_s; };

/* "/var/log/app.log.20261121-090000" and "/var/log/app.log" are one log; what stands behind a rotated name is a stamp or a number. */
static struct str log_name(struct top_view *v, const struct file_row *f)
{
	char name[512];
	if (f->pod.n) {
		int n = snprintf(name, sizeof name, STR_FMT "/" STR_FMT, STR_ARG(f->namespace_), STR_ARG(f->pod));
		return arena_copy(&v->arena, (struct str){ name, n > 0 && (size_t)n < sizeof name ? (size_t)n : sizeof name - 1 });
	}
	struct str path = f->path;
	if (str_ends(path, STR(".gz")))
		path.n -= 3;
	size_t end = path.n;
	while (end && (ascii_is_digit(path.p[end - 1]) || path.p[end - 1] == '-'))
		end--;
	bool has_stamp = end < path.n && end > 1 && (path.p[end - 1] == '.' || path.p[end] == '-');
	return has_stamp ? str_take(path, path.p[end - 1] == '.' ? end - 1 : end) : path;
}

static size_t log_of(struct top_view *v, struct str name)
{
	uintptr_t at = (uintptr_t)map_get(&v->log_by_name, name);
	if (at)
		return at - 1;
	v->logs = array_room(v->logs, v->log_count, &v->log_room, sizeof *v->logs);
	v->logs[v->log_count] = (struct top_log){ .name = name };
	map_put(&v->log_by_name, name, (void *)(uintptr_t)(v->log_count + 1));
	return v->log_count++;
}

static void add_file(struct top_view *v, const struct file_row *f)
{
	if (f->path.n == 0)
		return;
	struct str name = log_name(v, f);
	size_t at = log_of(v, name);
	struct top_log *log = &v->logs[at];
	log->files++;
	log->bytes.total += f->read_bytes;
	log->behind_bytes += f->size_bytes > f->acked_bytes ? f->size_bytes - f->acked_bytes : 0;
	log->lag_s = f->lag_s > log->lag_s ? f->lag_s : log->lag_s;
	if (!log->has_error)
		log->state = f->error.n ? f->error : f->state; /* the last one is the least behind: an error stays */
	log->has_error |= f->error.n > 0;
	v->files = array_room(v->files, v->file_count, &v->file_room, sizeof *v->files);
	v->files[v->file_count++] = (struct top_file){ f->path, f->read_bytes, at };
	map_put(&v->file_by_path, f->path, (void *)(uintptr_t)v->file_count);
}

static void read_file(struct top_view *v, struct json *j)
{
	struct json_scope members;
	struct file_row f = { 0 };
	for (json_object(j, &members); json_member(j, &members);) {
		if (json_is(j, "path"))
			f.path = text(j, &v->arena);
		else if (json_is(j, "namespace"))
			f.namespace_ = text(j, &v->arena);
		else if (json_is(j, "pod"))
			f.pod = text(j, &v->arena);
		else if (json_is(j, "state"))
			f.state = text(j, &v->arena);
		else if (json_is(j, "error"))
			f.error = text(j, &v->arena);
		else if (json_is(j, "size_bytes"))
			f.size_bytes = number(j);
		else if (json_is(j, "read_bytes"))
			f.read_bytes = number(j);
		else if (json_is(j, "acked_bytes"))
			f.acked_bytes = number(j);
		else if (json_is(j, "lag_seconds"))
			json_double(j, &f.lag_s);
	}
	add_file(v, &f);
}

static bool read_files(struct top_view *v, struct str input, char err[256])
{
	struct json j;
	struct json_scope whole, data = { 0 }, list;
	if (enter(&j, &whole, input))
		json_object(&j, &data);
	while (json_member(&j, &data)) {
		if (json_is(&j, "total"))
			v->files_known = number(&j);
		if (!json_is(&j, "files"))
			continue;
		for (json_array(&j, &list); json_element(&j, &list);)
			read_file(v, &j);
	}
	return leave(&j, &whole, "files", err);
}

/* Of one container; its pod's row is there when one of its files is. */
static void read_count(struct top_view *v, struct json *j)
{
	struct json_scope members;
	struct file_row f = { 0 };
	uint64_t read = 0, dropped = 0;
	for (json_object(j, &members); json_member(j, &members);) {
		if (json_is(j, "namespace"))
			f.namespace_ = text(j, &v->arena);
		else if (json_is(j, "pod"))
			f.pod = text(j, &v->arena);
		else if (json_is(j, "read"))
			read = number(j);
		else if (json_is(j, "dropped_by_stages"))
			dropped = number(j);
	}
	uintptr_t at = f.pod.n ? (uintptr_t)map_get(&v->log_by_name, log_name(v, &f)) : 0;
	if (!at)
		return;
	struct top_log *log = &v->logs[at - 1];
	log->has_lines = true;
	log->lines.total += read;
	log->dropped.total += dropped;
}

static bool read_lines(struct top_view *v, struct str input, char err[256])
{
	struct json j;
	struct json_scope whole, data = { 0 }, list;
	if (enter(&j, &whole, input))
		json_object(&j, &data);
	while (json_member(&j, &data)) {
		if (!json_is(&j, "lines"))
			continue;
		for (json_array(&j, &list); json_element(&j, &list);)
			read_count(v, &j);
	}
	return leave(&j, &whole, "lines", err);
}

bool top_view_read(struct top_view *v, const struct top_answers *answers, char err[256])
{
	*v = (struct top_view){ 0 };
	if (read_status(v, answers->status, err) && read_destinations(v, answers->destinations, err) && read_files(v, answers->files, err) &&
	    read_lines(v, answers->lines, err))
		return true;
	top_view_fini(v);
	return false;
}

void top_view_fini(struct top_view *v)
{
	free(v->destinations);
	free(v->files);
	free(v->logs);
	map_fini(&v->log_by_name);
	map_fini(&v->file_by_path);
	arena_fini(&v->arena);
	*v = (struct top_view){ 0 };
}

/* ---- rates ---- */

/* A counter that fell has begun anew. */
static void rate(struct top_count *now, const struct top_count *before, double s)
{
	uint64_t grown = before && now->total >= before->total ? now->total - before->total : now->total;
	now->rate = (double)grown / s;
}

static const struct top_destination *destination_find(const struct top_view *v, const struct top_destination *like)
{
	for (size_t i = 0; i < v->destination_count; i++)
		if (v->destinations[i].is_receiver == like->is_receiver && str_eq(v->destinations[i].name, like->name))
			return &v->destinations[i];
	return NULL;
}

void top_view_compare(struct top_view *now, const struct top_view *before)
{
	double s = (double)(now->at_ns - before->at_ns) / 1e9;
	if (s <= 0)
		return;
	now->has_rates = true;
	rate(&now->lines, &before->lines, s);
	rate(&now->bytes, &before->bytes, s);
	for (size_t i = 0; i < now->destination_count; i++) {
		struct top_destination *d = &now->destinations[i];
		const struct top_destination *old = destination_find(before, d);
		rate(&d->sent, old ? &old->sent : NULL, s);
		rate(&d->dropped, old ? &old->dropped : NULL, s);
		rate(&d->bytes, old ? &old->bytes : NULL, s);
	}
	for (size_t i = 0; i < now->log_count; i++) {
		struct top_log *log = &now->logs[i];
		uintptr_t place = (uintptr_t)map_get(&before->log_by_name, log->name);
		const struct top_log *old = place ? &before->logs[place - 1] : NULL;
		rate(&log->lines, old ? &old->lines : NULL, s);
		rate(&log->dropped, old ? &old->dropped : NULL, s);
	}
	bool was_whole = before->file_count >= before->files_known; /* else one that is new to us may be old */
	for (size_t i = 0; i < now->file_count; i++) {
		const struct top_file *f = &now->files[i];
		uintptr_t at = (uintptr_t)map_get(&before->file_by_path, f->path);
		uint64_t old = at ? before->files[at - 1].read_bytes : was_whole ? 0 : f->read_bytes;
		now->logs[f->log].bytes.rate += (double)(f->read_bytes >= old ? f->read_bytes - old : f->read_bytes) / s;
	}
}

/* ---- order ---- */

static int by_name(const void *a, const void *b)
{
	return str_cmp(((const struct top_log *)a)->name, ((const struct top_log *)b)->name);
}

static int most_first(double x, double y, const void *a, const void *b)
{
	return x > y ? -1 : x < y ? 1 : by_name(a, b);
}

/* What cannot be read is the furthest behind. */
static int by_behind(const void *a, const void *b)
{
	const struct top_log *x = a, *y = b;
	if (x->has_error != y->has_error)
		return x->has_error ? -1 : 1;
	return most_first((double)x->behind_bytes, (double)y->behind_bytes, a, b);
}

static int by_lag(const void *a, const void *b)
{
	return most_first(((const struct top_log *)a)->lag_s, ((const struct top_log *)b)->lag_s, a, b);
}

static int by_rate(const void *a, const void *b)
{
	return most_first(((const struct top_log *)a)->bytes.rate, ((const struct top_log *)b)->bytes.rate, a, b);
}

static int by_bytes(const void *a, const void *b)
{
	return most_first((double)((const struct top_log *)a)->bytes.total, (double)((const struct top_log *)b)->bytes.total, a, b);
}

void top_view_sort(struct top_view *v, enum top_sort sort)
{
	static int (*const orders[TOP_SORTS])(const void *, const void *) = {
		[TOP_BY_BEHIND] = by_behind, [TOP_BY_LAG] = by_lag, [TOP_BY_BYTES] = by_bytes, [TOP_BY_NAME] = by_name,
	};
	bool is_by_rate = sort == TOP_BY_BYTES && v->has_rates;
	if (v->log_count)
		qsort(v->logs, v->log_count, sizeof *v->logs, is_by_rate ? by_rate : orders[sort]);
	for (size_t i = 0; i < v->log_count; i++)
		map_put(&v->log_by_name, v->logs[i].name, (void *)(uintptr_t)(i + 1));
}
