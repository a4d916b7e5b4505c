/* The conclusion first, then what it rests on, from the file to the destinations. */
#include <stdio.h>

#include "agent/commands/explanation.h"
#include "agent/web/web_json.h"
#include "parsers/bytes/rfc3339.h"
#include "parsers/bytes/utf8.h"

enum { NAME_WIDTH = 9, TEXT_SHOWN = 400, OTHERS_SHOWN = 8 };

/* ---- text ---- */

static void head(struct buf *out, const char *name)
{
	buf_printf(out, "%-*s", NAME_WIDTH, name);
}

static void put_text(struct buf *out, struct str s)
{
	struct str shown = str_take(s, utf8_floor(s, s.n < TEXT_SHOWN ? s.n : TEXT_SHOWN));
	buf_char(out, '"');
	buf_json(out, shown);
	buf_str(out, s.n > shown.n ? STR("…\"") : STR("\""));
}

static void put_time(struct buf *out, int64_t ns)
{
	char at[RFC3339_ROOM];
	if (ns <= 0)
		buf_str(out, STR("(time of reading)"));
	else
		buf_append(out, at, rfc3339_format(ns, at));
}

/* A path or the like, without what moves a cursor. */
static void put_plain(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_char(out, (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : s.p[i]);
}

static void print_file(const struct explanation *e, struct buf *out)
{
	head(out, "file");
	put_plain(out, str_of(e->given));
	if (strcmp(e->given, e->real) != 0) {
		buf_str(out, STR(" -> "));
		put_plain(out, str_of(e->real));
	}
	if (e->exists) {
		buf_printf(out, ": %s, ", e->kind);
		explanation_number(out, e->size_bytes);
		buf_str(out, STR(" bytes"));
		if (e->open_error)
			buf_printf(out, "; this user cannot open it: %s", strerror(e->open_error));
	} else {
		buf_str(out, STR(": there is no such file"));
	}
	buf_char(out, '\n');
}

static void print_job(const struct explain_job *j, struct buf *out)
{
	head(out, "job");
	buf_str(out, j->job->job_name);
	buf_str(out, j->fit == FIT_READ ? STR(" takes it") : STR(" does not take it: "));
	buf_str(out, j->why);
	buf_char(out, '\n');
	if (j->fit == FIT_OTHER)
		return;
	if (j->discovered.n > 2) {
		head(out, "");
		buf_str(out, STR("found      "));
		buf_str(out, j->discovered);
		buf_char(out, '\n');
	}
	if (j->labels.n > 2) {
		head(out, "");
		buf_str(out, j->fit == FIT_READ || j->fit == FIT_TWICE ? STR("labels     ") : STR("until then "));
		buf_str(out, j->labels);
		buf_char(out, '\n');
	}
	if (j->asks.n) {
		head(out, "");
		buf_str(out, STR("its pod asks for "));
		put_plain(out, j->asks);
		buf_str(out, STR("; what the line below becomes is shown without it\n"));
	}
	if (j->lacks_pod) {
		head(out, "");
		buf_str(out, STR("its rules ask for labels of the pod's object, which this command does not have: the agent's labels may be others\n"));
	}
}

static void print_jobs(const struct explanation *e, struct buf *out)
{
	size_t others = 0;
	for (size_t i = 0; i < e->job_count; i++) {
		const struct explain_job *j = &e->jobs[i];
		if (j->fit == FIT_OTHER && others++ >= OTHERS_SHOWN)
			continue;
		print_job(j, out);
	}
	if (e->is_other_config) {
		head(out, "");
		buf_str(out, STR("the agent runs another configuration than the one that was read here: what is said of jobs and stages may not hold\n"));
	}
}

static void print_line(const struct explanation *e, struct buf *out)
{
	const struct explain_line *l = &e->window.at[e->window.wanted];
	if (!e->has_line)
		return;
	head(out, "line");
	if (!e->has_window) {
		buf_printf(out, "not found: %s\n", e->window.why);
		return;
	}
	if (e->window.number)
		explanation_number(out, e->window.number);
	else
		buf_str(out, STR("the last one"));
	buf_str(out, STR(": bytes "));
	explanation_number(out, l->offset);
	buf_str(out, STR(" to "));
	explanation_number(out, l->end);
	buf_str(out, e->window.is_whole ? STR("\n") : STR(", without a line feed so far\n"));
	head(out, "");
	put_text(out, l->text);
	buf_char(out, '\n');
}

static const char *format_name(int format)
{
	return format == FORMAT_CRI ? "CRI" : format == FORMAT_DOCKER ? "Docker's json-file" : "plain lines";
}

static void print_record(const struct explain_way *w, struct buf *out)
{
	head(out, "framing");
	buf_printf(out, "%s%s, %s, ", format_name(w->format), w->is_framed ? "" : " (this line is in no such format: it goes out as it is)",
		   w->is_stderr ? "stderr" : "stdout");
	put_time(out, w->timestamp_ns);
	if (w->pieces > 1)
		buf_printf(out, ", joined from %zu pieces", w->pieces);
	buf_str(out, w->is_unfinished ? STR(", unfinished: what ends it has not come yet\n") : STR("\n"));
	head(out, "found");
	buf_printf(out, "level %s, trace id ", level_names[w->level]);
	if (w->trace_result == TRACE_VALID) {
		buf_append(out, w->trace.trace_id, sizeof w->trace.trace_id);
		if (w->trace_where.n) {
			buf_str(out, STR(" behind "));
			put_text(out, w->trace_where);
		} else {
			buf_str(out, STR(" (written in another form: docs/TRACE-IDS.md)"));
		}
	} else {
		buf_str(out, str_of(trace_result_names[w->trace_result]));
	}
	buf_char(out, '\n');
}

static void print_way(const struct explanation *e, struct buf *out)
{
	const struct explain_way *w = &e->way;
	if (!e->has_way)
		return;
	print_record(w, out);
	for (size_t i = 0; i < w->step_count; i++) {
		head(out, i ? "" : "stages");
		buf_printf(out, "%zu " STR_FMT ": ", w->steps[i].number, STR_ARG(w->steps[i].stage));
		put_plain(out, w->steps[i].effect);
		buf_char(out, '\n');
	}
	if (w->dropped.n)
		return;
	if (!w->has_come_out) {
		head(out, "");
		buf_str(out, STR("it is still held: a stage waits for lines that belong to it\n"));
		return;
	}
	head(out, "sent as");
	put_plain(out, w->labels);
	buf_char(out, '\n');
	head(out, "");
	put_time(out, w->sent_timestamp_ns);
	buf_str(out, STR(", structured metadata "));
	put_plain(out, w->metadata);
	if (w->tenant.n) {
		buf_str(out, STR(", tenant "));
		put_plain(out, w->tenant);
	}
	if (w->lines > w->pieces)
		buf_printf(out, ", a block of lines");
	buf_char(out, '\n');
	if (!str_eq(w->line, w->message)) {
		head(out, "");
		put_text(out, w->line);
		buf_char(out, '\n');
	}
}

static void print_lane(const struct explanation *e, const struct agent_file *f, const struct agent_lane *lane, struct buf *out)
{
	head(out, "");
	buf_str(out, lane->name);
	if (e->is_saved) {
		buf_str(out, STR(": acknowledged up to byte "));
	} else {
		buf_str(out, STR(": read up to byte "));
		explanation_number(out, lane->read_bytes);
		buf_str(out, STR(", acknowledged up to byte "));
	}
	explanation_number(out, lane->acked_bytes);
	buf_str(out, STR(" of "));
	explanation_number(out, f->size_bytes);
	buf_str(out, lane->is_waiting ? STR("; held back by a throttled stream or a limit stage\n") : STR("\n"));
}

static void print_agent(const struct explanation *e, struct buf *out)
{
	const struct agent_view *v = &e->agent;
	if (!v->has_answered) {
		head(out, "agent");
		buf_printf(out, "%s\n", v->err);
	}
	for (size_t i = 0; i < v->file_count; i++) {
		const struct agent_file *f = &v->files[i];
		head(out, e->is_saved ? "saved" : "agent");
		buf_str(out, e->is_saved ? STR("positions of the last save") : STR("reads it for job "));
		buf_str(out, f->job);
		buf_printf(out, "; state " STR_FMT, STR_ARG(f->state));
		buf_str(out, f->error.n ? STR(": ") : STR(""));
		buf_str(out, f->error);
		buf_char(out, '\n');
		for (size_t k = 0; k < f->lane_count; k++)
			print_lane(e, f, &f->lanes[k], out);
	}
	for (size_t i = 0; i < v->destination_count; i++) {
		const struct agent_destination *d = &v->destinations[i];
		const struct agent_drop *drop = explanation_drop(e, d->name);
		head(out, i ? "" : "sends to");
		buf_printf(out, STR_FMT ": " STR_FMT ", last status %lld, last success " STR_FMT, STR_ARG(d->name), STR_ARG(d->state), (long long)d->last_status,
			   STR_ARG(d->last_success.n ? d->last_success : STR("never")));
		if (d->last_error.n) {
			buf_str(out, STR("; "));
			put_plain(out, d->last_error);
		}
		if (d->retry_s > 0)
			buf_printf(out, "; next attempt in %.1f s", d->retry_s);
		buf_char(out, '\n');
		if (drop) {
			head(out, "");
			buf_printf(out, "refused: " STR_FMT ": ", STR_ARG(drop->reason));
			put_plain(out, drop->error);
			buf_char(out, '\n');
		}
	}
}

void explanation_print(const struct explanation *e, struct buf *out)
{
	buf_str(out, e->has_line ? STR("in Loki: ") : STR("all of it in Loki: "));
	put_plain(out, str_of(e->sentence));
	buf_str(out, STR("\n\n"));
	print_file(e, out);
	print_jobs(e, out);
	print_line(e, out);
	print_way(e, out);
	print_agent(e, out);
}

/* ---- JSON ---- */

static void json_comma(struct buf *out)
{
	if (out->n && out->p[out->n - 1] == '}')
		buf_char(out, ',');
}

static void json_jobs(const struct explanation *e, struct buf *out)
{
	static const char *const fits[] = { [FIT_READ] = "read", [FIT_DROPPED] = "dropped", [FIT_OTHER] = "other", [FIT_EXCLUDED] = "excluded", [FIT_TWICE] = "twice" };
	web_json_key(out, "jobs");
	buf_char(out, '[');
	for (size_t i = 0; i < e->job_count; i++) {
		const struct explain_job *j = &e->jobs[i];
		json_comma(out);
		buf_char(out, '{');
		web_json_text(out, "job", j->job->job_name);
		web_json_text(out, "fit", str_of(fits[j->fit]));
		web_json_text(out, "why", j->why);
		web_json_text(out, "asks", j->asks);
		web_json_text(out, "discovered", j->discovered);
		web_json_text(out, "labels", j->labels);
		web_json_bool(out, "lacks_pod_object", j->lacks_pod);
		buf_char(out, '}');
	}
	buf_char(out, ']');
}

static void json_way(const struct explain_way *w, struct buf *out)
{
	web_json_text(out, "format", str_of(format_name(w->format)));
	web_json_bool(out, "is_framed", w->is_framed);
	web_json_u64(out, "pieces", w->pieces);
	web_json_bool(out, "is_unfinished", w->is_unfinished);
	web_json_text(out, "stream", w->is_stderr ? STR("stderr") : STR("stdout"));
	web_json_time(out, "timestamp", w->timestamp_ns);
	web_json_text(out, "message", w->message);
	web_json_text(out, "level", str_of(level_names[w->level]));
	web_json_text(out, "trace_result", str_of(trace_result_names[w->trace_result]));
	web_json_text(out, "trace_id", w->trace_result == TRACE_VALID ? (struct str){ w->trace.trace_id, sizeof w->trace.trace_id } : (struct str){ 0 });
	web_json_text(out, "trace_behind", w->trace_where);
	web_json_key(out, "stages");
	buf_char(out, '[');
	for (size_t i = 0; i < w->step_count; i++) {
		json_comma(out);
		buf_char(out, '{');
		web_json_u64(out, "number", w->steps[i].number);
		web_json_text(out, "stage", w->steps[i].stage);
		web_json_text(out, "effect", w->steps[i].effect);
		web_json_bool(out, "is_drop", w->steps[i].is_drop);
		buf_char(out, '}');
	}
	buf_char(out, ']');
	web_json_text(out, "dropped", w->dropped);
	web_json_text(out, "sent_line", w->line);
	web_json_text(out, "sent_labels", w->labels);
	web_json_text(out, "sent_metadata", w->metadata);
	web_json_time(out, "sent_timestamp", w->sent_timestamp_ns);
}

static void json_line(const struct explanation *e, struct buf *out)
{
	const struct explain_line *l = &e->window.at[e->window.wanted];
	if (!e->has_window)
		return;
	web_json_key(out, "line");
	buf_char(out, '{');
	web_json_u64(out, "number", e->window.number);
	web_json_u64(out, "offset", l->offset);
	web_json_u64(out, "end", l->end);
	web_json_text(out, "text", l->text);
	if (e->has_way)
		json_way(&e->way, out);
	buf_char(out, '}');
}

static void json_files(const struct explanation *e, struct buf *out)
{
	web_json_key(out, e->is_saved ? "saved" : "files");
	buf_char(out, '[');
	for (size_t i = 0; i < e->agent.file_count; i++) {
		const struct agent_file *f = &e->agent.files[i];
		json_comma(out);
		buf_char(out, '{');
		web_json_text(out, "path", f->path);
		web_json_text(out, "job", f->job);
		web_json_text(out, "state", f->state);
		web_json_text(out, "error", f->error);
		web_json_u64(out, "size_bytes", f->size_bytes);
		web_json_key(out, "destinations");
		buf_char(out, '[');
		for (size_t k = 0; k < f->lane_count; k++) {
			json_comma(out);
			buf_char(out, '{');
			web_json_text(out, "name", f->lanes[k].name);
			web_json_u64(out, "read_bytes", f->lanes[k].read_bytes);
			web_json_u64(out, "acked_bytes", f->lanes[k].acked_bytes);
			buf_char(out, '}');
		}
		buf_str(out, STR("]}"));
	}
	buf_char(out, ']');
}

void explanation_print_json(const struct explanation *e, struct buf *out)
{
	buf_char(out, '{');
	web_json_text(out, "verdict", str_of(verdict_names[e->verdict]));
	web_json_text(out, "text", str_of(e->sentence));
	web_json_text(out, "path", str_of(e->given));
	web_json_text(out, "real_path", str_of(e->real));
	web_json_bool(out, "exists", e->exists);
	web_json_text(out, "kind", str_of(e->kind ? e->kind : ""));
	web_json_u64(out, "size_bytes", e->size_bytes);
	web_json_bool(out, "is_other_config", e->is_other_config);
	json_jobs(e, out);
	json_line(e, out);
	web_json_bool(out, "agent_answers", e->agent.has_answered);
	json_files(e, out);
	buf_str(out, STR("}\n"));
}
