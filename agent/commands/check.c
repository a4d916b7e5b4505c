/* The loader's problems for people and for pipelines: all of them, on standard output, because they are what was asked for. */
#include "agent/commands/check.h"

#include <stdio.h>
#include <string.h>

#include "agent/os.h"
#include "agent/settings.h"
#include "config/problems.h"

enum { OUTPUT_MOST = 4 << 20 };

static void print_plural(struct buf *out, size_t n, const char *one, const char *many)
{
	buf_u64(out, n);
	buf_printf(out, " %s", n == 1 ? one : many);
}

static void print_receivers(const struct config *c, struct buf *out)
{
	buf_str(out, STR("  "));
	print_plural(out, c->metrics.remote_count, "receiver of metrics", "receivers of metrics");
	for (size_t i = 0; i < c->metrics.remote_count; i++) {
		const struct config_remote_write *remote = &c->metrics.remotes[i];
		buf_str(out, i ? STR(", ") : STR(": "));
		buf_str(out, remote->name.n ? remote->name : str_take(remote->url, str_find(remote->url, '?')));
		if (str_eq(remote->protocol, STR("otlphttp")))
			buf_str(out, STR(" (OTLP)"));
	}
	buf_str(out, c->metrics.remote_count ? STR("\n") : STR(": metrics are only served on the own port\n"));
}

static void print_metric_jobs(const struct config *c, struct buf *out)
{
	buf_str(out, STR("  "));
	print_plural(out, c->metrics.scrape_count, "metrics job", "metrics jobs");
	for (size_t i = 0; i < c->metrics.scrape_count; i++) {
		const struct config_metric_scrape *job = &c->metrics.scrapes[i];
		size_t targets = 0;
		for (size_t k = 0; k < job->static_count; k++)
			targets += job->statics[k].targets.count;
		buf_str(out, i ? STR(", ") : STR(": "));
		buf_str(out, job->job_name);
		buf_str(out, job->builtin ? STR(" (built in") : STR(" ("));
		if (!job->builtin)
			print_plural(out, targets, "target", "targets");
		buf_str(out, job->file_count ? STR(", files") : STR(""));
		buf_str(out, job->pod_count ? STR(", pods of this node") : STR(""));
		buf_printf(out, ", every %lld s)", (long long)job->scrape_interval_ms / 1000);
	}
	buf_char(out, '\n');
}

static void print_summary(const struct config *c, struct buf *out)
{
	buf_str(out, STR("  "));
	print_plural(out, c->logs.client_count, "destination", "destinations");
	for (size_t i = 0; i < c->logs.client_count; i++) {
		const struct config_client *client = &c->logs.clients[i];
		buf_str(out, i ? STR(", ") : STR(": "));
		buf_str(out, client->name.n ? client->name : str_take(client->url, str_find(client->url, '?')));
		if (str_eq(client->protocol, STR("otlphttp")))
			buf_str(out, STR(" (OTLP)"));
	}
	buf_str(out, c->logs.client_count ? STR("\n  ") : STR(": records are kept in memory and shown on the page\n  "));
	print_plural(out, c->logs.scrape_count, "job", "jobs");
	for (size_t i = 0; i < c->logs.scrape_count; i++) {
		const struct config_scrape *job = &c->logs.scrapes[i];
		buf_str(out, i ? STR(", ") : STR(": "));
		buf_str(out, job->job_name);
		buf_str(out, !job->is_pods ? STR(" (") : job->is_promtail ? STR(" (pods") : STR(" (all pods"));
		if (job->static_count) {
			buf_str(out, job->is_pods ? STR(", ") : STR(""));
			print_plural(out, job->static_count, "pattern", "patterns");
		}
		if (job->journal.is_there)
			buf_str(out, job->is_pods || job->static_count ? STR(", journal") : STR("journal"));
		buf_char(out, ')');
	}
	buf_char(out, '\n');
	print_receivers(c, out);
	print_metric_jobs(c, out);
}

static void print_verdict(const struct config *c, const struct config_problems *problems, struct str name, struct buf *out)
{
	config_problems_print(problems, name, out);
	buf_str(out, name);
	if (c) {
		buf_printf(out, ": valid%s\n", problems->count ? ", with warnings" : "");
		print_summary(c, out);
	} else {
		buf_printf(out, ": not valid, %zu %s\n", problems->errors, problems->errors == 1 ? "error" : "errors");
	}
}

static bool is_json(const struct flags *flags)
{
	return flags->format && strcmp(flags->format, "json") == 0;
}

static int judge(const struct flags *flags, struct str text, struct str name, struct buf *out)
{
	struct config_problems problems = { 0 };
	struct config *c = settings_read(flags, text, name, &problems);
	if (is_json(flags))
		config_problems_json(&problems, name, out);
	else
		print_verdict(c, &problems, name, out);
	int code = !c ? FLAGS_CONFIG_EXIT : flags->strict && problems.count ? FLAGS_REMARKS_EXIT : 0;
	config_problems_fini(&problems);
	config_free(c);
	return code;
}

/* What runs in a pipeline gets its object whatever happens. */
static void print_unreadable(const char *file, int why, bool as_json, struct buf *out)
{
	struct config_problems problems = { 0 };
	if (!as_json) {
		fprintf(stderr, "spoor check: %s cannot be read: %s\n", file, strerror(why));
		return;
	}
	problem_add(&problems, false, 1, 1, (struct str){ 0 }, "cannot be read: %s", strerror(why));
	config_problems_json(&problems, str_of(file), out);
	config_problems_fini(&problems);
}

int command_check(const struct flags *flags)
{
	const char *file = flags->rest_count ? flags->rest[0] : flags->config_file;
	if (!file) {
		fprintf(stderr, "spoor check: which file? spoor check FILE\n");
		return FLAGS_USAGE_EXIT;
	}
	struct buf text, out;
	buf_init(&text, (size_t)CONFIG_MOST_BYTES + 8192); /* os_read_file reserves ahead */
	buf_init(&out, OUTPUT_MOST);
	int code = FLAGS_CONFIG_EXIT, why = os_read_file(file, (size_t)CONFIG_MOST_BYTES + 1, &text);
	if (why < 0)
		print_unreadable(file, -why, is_json(flags), &out);
	else
		code = judge(flags, buf_view(&text), str_of(file), &out);
	fwrite(out.p ? out.p : "", 1, out.n, stdout);
	buf_fini(&out);
	buf_fini(&text);
	return code;
}
