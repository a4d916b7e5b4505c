/* The same parsers as the agent's, on a pipe. Without a configuration: trace ids and level only, each line as it comes. */
#include "agent/commands/inspect.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/log_stages.h"
#include "agent/os.h"
#include "agent/settings.h"
#include "parsers/bytes/rfc3339.h"
#include "parsers/bytes/utf8.h"
#include "parsers/dockerjson.h"
#include "parsers/join.h"
#include "parsers/record.h"

enum { OUTPUT_MOST = 64 << 20 };

struct inspection {
	int format;
	bool find_traces;
	const struct config *config;
	const struct config_scrape *job; /* NULL: none */
	struct join *joins[2];
	size_t max_line_bytes;
	struct labels base[2]; /* of stdout and stderr */
	struct log_stages *log_stages; /* NULL: the job has none */
	struct source_stages *stages;
	struct buf unescaped, repaired, out;
};

static const struct {
	const char *name;
	int format;
} formats[] = { { "raw", FORMAT_RAW }, { "cri", FORMAT_CRI }, { "docker", FORMAT_DOCKER } };

static void member(struct buf *out, bool *is_first, struct str name, struct str value)
{
	if (!*is_first)
		buf_char(out, ',');
	*is_first = false;
	buf_char(out, '"');
	buf_json(out, name);
	buf_str(out, STR("\":\""));
	buf_json(out, value);
	buf_char(out, '"');
}

static void add_all(struct labels *to, const struct config_labels *labels)
{
	for (size_t i = 0; i < labels->count; i++)
		labels_set(to, labels->at[i].name, labels->at[i].value);
}

/* What the agent knows of a log that comes by a pipe: what the configuration says, and the stream where the lines say it. */
static void describe(struct inspection *in)
{
	for (int i = 0; i < 2; i++) {
		if (in->config)
			add_all(&in->base[i], &in->config->global.external_labels);
		if (in->job && in->job->static_count)
			add_all(&in->base[i], &in->job->statics[0].labels);
		if (in->format != FORMAT_RAW)
			labels_set(&in->base[i], STR("stream"), i ? STR("stderr") : STR("stdout"));
	}
	if (!in->job || !in->job->stages.list)
		return;
	in->log_stages = log_stages_new(&in->job->stages);
	in->stages = source_stages_new(in->log_stages, in->base);
}

static void print_labels(struct inspection *in, bool is_stderr)
{
	bool is_first = true;
	buf_str(&in->out, STR(",\"labels\":{"));
	const struct labels *labels = in->stages ? source_stages_labels(in->stages) : &in->base[is_stderr];
	for (size_t i = 0; i < labels->count; i++)
		member(&in->out, &is_first, labels->at[i].name, labels->at[i].value);
	buf_char(&in->out, '}');
}

static void print_metadata(struct inspection *in, const struct record *r)
{
	bool is_first = true;
	buf_str(&in->out, STR(",\"structured_metadata\":{"));
	for (size_t i = 0; i < r->metadata_count; i++)
		member(&in->out, &is_first, r->metadata[i].name, r->metadata[i].value);
	if (r->trace_result == TRACE_VALID) {
		member(&in->out, &is_first, STR("trace_id"), (struct str){ r->trace.trace_id, sizeof r->trace.trace_id });
		if (r->trace.has_span)
			member(&in->out, &is_first, STR("span_id"), (struct str){ r->trace.span_id, sizeof r->trace.span_id });
		if (r->trace.sampled >= 0)
			member(&in->out, &is_first, STR("trace_flags"), r->trace.sampled ? STR("01") : STR("00"));
	}
	if (r->level != LEVEL_UNKNOWN)
		member(&in->out, &is_first, STR("detected_level"), str_of(level_names[r->level]));
	buf_char(&in->out, '}');
	struct str reason = in->stages ? source_stages_reason(in->stages) : (struct str){ 0 };
	is_first = false;
	if (reason.n)
		member(&in->out, &is_first, STR("dropped"), reason);
	buf_str(&in->out, STR("}\n"));
}

static void print_record(struct inspection *in, int64_t timestamp_ns, bool is_stderr, struct str line)
{
	struct record r = { .timestamp_ns = timestamp_ns };
	char at[RFC3339_ROOM];
	buf_reset(&in->repaired);
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (utf8_valid(line) != line.n) {
		utf8_repair(line, &in->repaired);
		line = buf_view(&in->repaired);
	}
	r.line = line;
	r.level = level_detect(line);
	if (in->find_traces)
		r.trace_result = trace_find(line, &r.trace);
	struct log_stream *stream = NULL;
	if (in->stages)
		source_stages_run(in->stages, is_stderr, &r, &stream, os_wall_ns());
	line = r.line;
	timestamp_ns = r.timestamp_ns;
	buf_reset(&in->out);
	buf_str(&in->out, STR("{\"timestamp\":\""));
	buf_append(&in->out, at, rfc3339_format(timestamp_ns, at));
	buf_str(&in->out, STR("\",\"line\":\""));
	buf_json(&in->out, line);
	buf_char(&in->out, '"');
	print_labels(in, is_stderr);
	print_metadata(in, &r);
	fwrite(in->out.p, 1, in->out.n, stdout);
}

static void take_piece(struct inspection *in, const struct runtime_line *piece)
{
	struct join *join = in->joins[piece->is_stderr];
	struct str line;
	int64_t timestamp_ns;
	if (!piece->is_partial && !join->is_open) {
		print_record(in, piece->timestamp_ns, piece->is_stderr, piece->message);
		return;
	}
	if (join_add(join, piece, in->max_line_bytes) && join_take(join, &line, &timestamp_ns)) {
		print_record(in, timestamp_ns, piece->is_stderr, line);
		join_reset(join);
	}
}

static void take_line(struct inspection *in, struct str line)
{
	struct runtime_line piece;
	bool is_framed = in->format == FORMAT_CRI      ? cri_parse(line, &piece)
			 : in->format == FORMAT_DOCKER ? dockerjson_parse(line, &in->unescaped, &piece)
						       : false;
	if (is_framed)
		take_piece(in, &piece);
	else
		print_record(in, os_wall_ns(), false, line);
}

static void take_all(struct inspection *in)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	for (int i = 0; i < 2; i++)
		in->joins[i] = join_new();
	while ((n = getline(&line, &room, stdin)) >= 0)
		take_line(in, (struct str){ line, (size_t)n - (n > 0 && line[n - 1] == '\n') });
	free(line);
	for (int i = 0; i < 2; i++) { /* what never got its last piece is shipped too */
		struct str rest;
		int64_t timestamp_ns;
		if (join_take(in->joins[i], &rest, &timestamp_ns))
			print_record(in, timestamp_ns, i, rest);
		join_free(in->joins[i]);
	}
}

static int choose(const struct flags *flags, struct settings *settings, struct inspection *in)
{
	struct buf problems;
	buf_init(&problems, 1 << 20);
	int error = flags->config_file ? settings_load(flags, settings, &problems) : 0;
	if (problems.n)
		fwrite(problems.p, 1, problems.n, stderr);
	buf_fini(&problems);
	if (error < 0)
		return FLAGS_CONFIG_EXIT;
	in->config = settings->config;
	for (size_t i = 0; in->config && i < in->config->logs.scrape_count; i++) {
		const struct config_scrape *job = &in->config->logs.scrapes[i];
		if (!in->job && (!flags->job || str_eq(job->job_name, str_of(flags->job))))
			in->job = job;
	}
	if (flags->job && !in->job) {
		fprintf(stderr, "--job %s: no such job%s\n", flags->job, flags->config_file ? " in the file" : ": name the file with --config.file");
		return FLAGS_USAGE_EXIT;
	}
	in->format = in->job && in->job->stages.format != FORMAT_AUTO ? (int)in->job->stages.format : FORMAT_RAW;
	if (in->config) {
		in->find_traces = in->config->trace.enabled;
		in->max_line_bytes = in->config->logs.limits_config.max_line_size_bytes;
	}
	for (size_t i = 0; flags->format && i < COUNT_OF(formats); i++)
		if (strcmp(flags->format, formats[i].name) == 0) {
			in->format = formats[i].format;
			return 0;
		}
	if (!flags->format)
		return 0;
	fprintf(stderr, "--format %s: expected raw, cri or docker\n", flags->format);
	return FLAGS_USAGE_EXIT;
}

int command_inspect(const struct flags *flags)
{
	struct settings settings = { 0 };
	struct inspection in = { .format = FORMAT_RAW, .find_traces = true, .max_line_bytes = 256 << 10 };
	int code = choose(flags, &settings, &in);
	if (code == 0) {
		buf_init(&in.unescaped, OUTPUT_MOST);
		buf_init(&in.repaired, OUTPUT_MOST);
		buf_init(&in.out, OUTPUT_MOST);
		describe(&in);
		take_all(&in);
		source_stages_free(in.stages);
		log_stages_free(in.log_stages);
		for (int i = 0; i < 2; i++)
			labels_fini(&in.base[i]);
		buf_fini(&in.unescaped);
		buf_fini(&in.repaired);
		buf_fini(&in.out);
	}
	settings_fini(&settings);
	return code;
}
