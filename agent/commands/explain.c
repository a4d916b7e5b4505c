/* It changes nothing: the file is read, the configuration is read, the agent is asked. What the agent says about the file counts more than what
 * its configuration lets expect. */
#include "agent/commands/explain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/commands/explanation.h"
#include "agent/logs/label_profile.h"
#include "agent/os.h"
#include "exporters/loki.h"
#include "parsers/bytes/num.h"
#include "parsers/kubernetes/podpath.h"

enum { OUTPUT_MOST = 16 << 20, LABELS_MOST = 64 << 10, LINE_MOST = 1 << 20 };

bool explain_cut_line(struct str *argument, uint64_t *number)
{
	size_t colon = argument->n;
	while (colon && argument->p[colon - 1] != ':')
		colon--;
	struct str line = str_skip(*argument, colon);
	*number = 0;
	if (colon < 2 || (!str_eq(line, STR("last")) && (!num_u64(line, number) || *number == 0)))
		return false;
	argument->n = colon - 1;
	return true;
}

/* ---- the file ---- */

static const char *kind_of(mode_t mode)
{
	return S_ISREG(mode)    ? "a regular file"
	       : S_ISDIR(mode)  ? "a folder"
	       : S_ISFIFO(mode) ? "a named pipe"
	       : S_ISSOCK(mode) ? "a socket"
	       : S_ISCHR(mode)  ? "a character device"
	       : S_ISBLK(mode)  ? "a block device"
				: "something else";
}

static bool locate(struct explanation *e, struct str path)
{
	char folder[EXPLAIN_PATH_ROOM] = "";
	bool is_absolute = path.n && path.p[0] == '/';
	if (!is_absolute && !getcwd(folder, sizeof folder))
		return false;
	int n = snprintf(e->given, sizeof e->given, "%s%s" STR_FMT, folder, is_absolute ? "" : "/", STR_ARG(path));
	if (n < 0 || (size_t)n >= sizeof e->given)
		return false;
	if (!realpath(e->given, e->real))
		memcpy(e->real, e->given, sizeof e->real);
	return true;
}

static void look_at_file(struct explanation *e)
{
	struct stat st, link;
	e->is_link = lstat(e->given, &link) == 0 && S_ISLNK(link.st_mode);
	e->exists = stat(e->real, &st) == 0;
	if (!e->exists)
		return;
	e->kind = kind_of(st.st_mode);
	e->is_regular = S_ISREG(st.st_mode);
	e->size_bytes = (uint64_t)st.st_size;
	e->dev = (uint64_t)st.st_dev;
	e->ino = (uint64_t)st.st_ino;
	int fd = open(e->real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	e->open_error = fd < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
}

/* ---- jobs ---- */

static struct str keep(struct arena *arena, struct label *labels, size_t count)
{
	struct buf text;
	buf_init(&text, LABELS_MOST);
	loki_labels_render(labels, count, &text);
	struct str kept = arena_copy(arena, buf_view(&text));
	buf_fini(&text);
	return kept;
}

static void set_all(struct labels *to, const struct config_labels *from)
{
	for (size_t i = 0; i < from->count; i++)
		labels_set(to, from->at[i].name, from->at[i].value);
}

static struct str last_part(struct str path)
{
	for (size_t at; (at = str_find(path, '/')) < path.n;)
		path = str_skip(path, at + 1);
	return path;
}

static struct log_facts facts_of(const struct explanation *e, const struct log_found *found, struct str file)
{
	struct podpath pod = { .namespace_ = { 0 } };
	if (!found->is_pod)
		return (struct log_facts){ { [FACT_HOST] = settings_node_name(), [FACT_JOB] = found->job->config->job_name, [FACT_FILENAME] = file } };
	const struct str container = last_part((struct str){ e->real, (size_t)(strrchr(e->real, '/') - e->real) });
	podpath_directory(last_part((struct str){ e->real, (size_t)(container.p - e->real) - 1 }), &pod);
	return (struct log_facts){ { [FACT_NODE] = settings_node_name(), [FACT_NAMESPACE] = pod.namespace_, [FACT_POD] = pod.pod,
				     [FACT_UID] = pod.uid, [FACT_CONTAINER] = container } };
}

/* As agent/logs/stream_labels.c makes them: what holds for all first, what is said about this file last. */
static void make_labels(const struct explanation *e, const struct config *c, const struct log_found *found, struct str pods_path,
			struct labels *to, struct labels *metadata, struct arena *arena)
{
	char room[4096];
	const struct log_target *t = found->target;
	const struct str file =
		arena_copy(arena, log_target_shown(str_of(t->is_moved ? e->real : e->given), t->is_moved, pods_path, room, sizeof room));
	set_all(to, &c->global.external_labels);
	if (c->logs.client_count)
		set_all(to, &c->logs.clients[0].external_labels);
	if (found->is_native) {
		const enum label_profile profile = label_profile_of(c, found->job->config);
		const struct log_facts facts = facts_of(e, found, file);
		struct labels machine = { 0 };
		label_profile_put(profile, &facts, FACT_NODE, FACT_HOST, false, &machine);
		for (size_t i = 0; i < machine.count; i++)
			if (!labels_has(to, machine.at[i].name)) /* external labels are stronger */
				labels_set(to, machine.at[i].name, machine.at[i].value);
		labels_fini(&machine);
		label_profile_put(profile, &facts, FACT_NAMESPACE, FACT_FILENAME, false, to);
		label_profile_put(profile, &facts, FACT_NODE, FACT_FILENAME, true, metadata);
		if (found->is_pod)
			return;
	}
	for (size_t i = 0; i < t->labels.count; i++)
		labels_set(to, t->labels.at[i].name, t->labels.at[i].value);
	if (!found->is_native)
		labels_set(to, STR("filename"), file);
}

struct choosing { struct explanation *e; const struct config *config; struct str pods_path; };

static void why_not(const struct log_choice *choice, char why[256])
{
	const struct log_target *t = choice->found.target;
	why[0] = '\0';
	if (choice->fit == FIT_DROPPED)
		log_target_why(t, &choice->found.job->rules, &choice->found.job->config->relabel_configs, why);
	else if (choice->fit == FIT_EXCLUDED)
		snprintf(why, 256, "__path_exclude__ " STR_FMT " leaves it out", STR_ARG(str_take(t->path_exclude, 180)));
	else if (choice->fit == FIT_TWICE)
		snprintf(why, 256, "it is read under the same labels already");
	else if (choice->fit == FIT_OTHER)
		snprintf(why, 256, "it reads " STR_FMT, STR_ARG(str_take(t->path, 200)));
}

static void on_choice(void *ctx, const struct log_choice *choice)
{
	struct choosing *c = ctx;
	struct explanation *e = c->e;
	struct labels made = { 0 }, metadata = { 0 }, found = { 0 };
	const struct log_facts facts = { { [FACT_STREAM] = STR("stdout") } };
	char why[256];
	if (e->job_count == EXPLAIN_JOBS_MAX)
		return;
	why_not(choice, why);
	struct explain_job *j = &e->jobs[e->job_count++];
	labels_copy(&found, choice->found.discovered);
	*j = (struct explain_job){ .job = choice->found.job->config, .fit = choice->fit, .lacks_pod = choice->lacks_pod, .is_pod = choice->found.is_pod,
				   .discovered = keep(&e->arena, found.at, found.count), .why = arena_copy(&e->arena, str_of(why)) };
	if (choice->fit == FIT_READ || choice->fit == FIT_TWICE) {
		make_labels(e, c->config, &choice->found, c->pods_path, &made, &metadata, &e->arena);
		if (choice->found.is_pod || j->job->stages.format == FORMAT_CRI || j->job->stages.format == FORMAT_DOCKER)
			label_profile_put(label_profile_of(c->config, j->job), &facts, FACT_STREAM, FACT_STREAM, false, &made);
	} else {
		labels_copy(&made, &choice->found.target->labels);
	}
	j->labels = keep(&e->arena, made.at, made.count);
	j->metadata = keep(&e->arena, metadata.at, metadata.count);
	labels_fini(&made);
	labels_fini(&metadata);
	labels_fini(&found);
}

static const struct config_scrape *job_named(const struct config *c, struct str name)
{
	for (size_t i = 0; c && i < c->logs.scrape_count; i++)
		if (str_eq(c->logs.scrapes[i].job_name, name))
			return &c->logs.scrapes[i];
	return NULL;
}

/* What a job without rules says beside the labels follows from the path: the agent knows no better. */
static struct str metadata_of(const struct explain_job *jobs, size_t count, const struct config_scrape *job)
{
	for (size_t i = 0; i < count; i++)
		if (jobs[i].job == job && jobs[i].metadata.n)
			return jobs[i].metadata;
	return (struct str){ 0 };
}

static bool is_read_for(const struct explanation *e, struct str job)
{
	for (size_t i = 0; i < e->agent.file_count; i++)
		if (str_eq(e->agent.files[i].job, job))
			return true;
	return false;
}

/* Of a pod the agent has the object, where it has one: what it says of its targets takes the place of what the path alone tells. */
static void take_targets(struct explanation *e, const struct config *c)
{
	struct explain_job *others = arena_alloc(&e->arena, sizeof e->jobs), *before = arena_alloc(&e->arena, sizeof e->jobs);
	size_t other_count = 0, before_count = e->job_count;
	if (e->agent.target_count == 0)
		return;
	memcpy(before, e->jobs, sizeof e->jobs);
	for (size_t i = 0; i < e->job_count; i++)
		if (!e->jobs[i].is_pod)
			others[other_count++] = e->jobs[i];
	e->job_count = 0;
	for (size_t i = 0; i < e->agent.target_count && e->job_count < EXPLAIN_JOBS_MAX; i++) {
		const struct agent_target *t = &e->agent.targets[i];
		const struct config_scrape *job = job_named(c, t->job);
		bool is_active = str_eq(t->state, STR("active"));
		struct str other = is_active && !is_read_for(e, t->job) ? t->path : (struct str){ 0 };
		char why[256];
		snprintf(why, sizeof why, "it reads " STR_FMT, STR_ARG(str_take(other, 200)));
		if (job)
			e->jobs[e->job_count++] = (struct explain_job){ .job = job, .is_pod = true, .discovered = t->discovered, .labels = t->labels, .asks = t->asks,
				.metadata = metadata_of(before, before_count, job),
				.fit = !is_active ? FIT_DROPPED : other.n ? FIT_OTHER : FIT_READ, .why = other.n ? arena_copy(&e->arena, str_of(why)) : t->why };
	}
	for (size_t i = 0; i < other_count && e->job_count < EXPLAIN_JOBS_MAX; i++)
		e->jobs[e->job_count++] = others[i];
}

static void look_at_jobs(struct explanation *e, const struct ask *a)
{
	char err[256], host[256];
	struct log_jobs jobs;
	struct choosing c = { e, a->settings.config, str_of(a->flags.path_pod_logs) };
	if (!a->settings.config)
		return;
	struct log_jobs_options o = { .config = a->settings.config, .host = settings_host_name(host), .pods_path = c.pods_path,
				      .docker_path = str_of(a->flags.path_docker) };
	if (log_jobs_init(&jobs, &o, err) < 0)
		return;
	for (size_t i = 0; i < jobs.count; i++)
		log_job_look(&jobs.at[i], os_now_ns());
	log_jobs_explain(&jobs, str_of(e->real), NULL, on_choice, &c);
	bool is_taken = false;
	for (size_t i = 0; i < e->job_count; i++)
		is_taken |= e->jobs[i].fit == FIT_READ;
	if (!is_taken && strcmp(e->given, e->real) != 0) { /* a pattern may be about the link's own name */
		e->job_count = 0;
		log_jobs_explain(&jobs, str_of(e->given), NULL, on_choice, &c);
	}
	log_jobs_fini(&jobs);
	take_targets(e, a->settings.config);
}

/* ---- the agent ---- */

/* The agent knows where its configuration lies; what it runs may differ from what lies there now. */
static void take_over_places(struct explanation *e, struct ask *a)
{
	const struct agent_view *v = &e->agent;
	struct flags places = a->flags;
	char hash[17] = "";
	if (v->has_answered) {
		places.config_file = v->config_path.n ? v->config_path.p : NULL;
		places.path_pod_logs = v->pods_path.n ? v->pods_path.p : places.path_pod_logs;
		places.path_docker = v->docker_path.n ? v->docker_path.p : places.path_docker;
		places.state_dir = v->state_path.n ? v->state_path.p : places.state_dir;
		bool has_own = a->flags.config_file != NULL;
		flags_inherit(&a->flags, &places);
		if (!has_own && a->flags.config_file) {
			settings_fini(&a->settings);
			buf_reset(&a->settings_problem);
			if (settings_load(&a->flags, &a->settings, &a->settings_problem) < 0)
				a->settings = (struct settings){ 0 };
		}
	}
	if (v->has_answered && a->settings.config) {
		snprintf(hash, sizeof hash, "%016llx", (unsigned long long)a->settings.config->hash);
		e->is_other_config = !str_eq(v->config_hash, str_of(hash));
	}
}

static void positions_path(const struct ask *a, char path[EXPLAIN_PATH_ROOM])
{
	struct str name = a->settings.config ? a->settings.config->logs.positions.filename : (struct str){ 0 };
	if (name.n)
		snprintf(path, EXPLAIN_PATH_ROOM, STR_FMT ".spoor", STR_ARG(name));
	else
		snprintf(path, EXPLAIN_PATH_ROOM, "%s/positions", a->flags.state_dir);
}

static void choose_job(struct explanation *e, const struct config *c)
{
	e->job = e->agent.file_count ? job_named(c, e->agent.files[0].job) : NULL;
	for (size_t i = 0; i < e->job_count && !e->job; i++)
		if (e->jobs[i].fit == FIT_READ) {
			e->job = e->jobs[i].job;
			e->labels = e->jobs[i].labels;
		}
	e->metadata = metadata_of(e->jobs, e->job_count, e->job);
	if (e->agent.file_count && e->agent.files[0].stdout_labels.n)
		e->labels = e->agent.files[0].stdout_labels;
}

/* ---- the line ---- */

static int format_of(const struct explanation *e)
{
	static const struct { const char *name; int format; } formats[] = { { "cri", FORMAT_CRI }, { "docker", FORMAT_DOCKER }, { "raw", FORMAT_RAW } };
	for (size_t i = 0; i < COUNT_OF(formats) && e->agent.file_count; i++)
		if (str_eq(e->agent.files[0].format, str_of(formats[i].name)))
			return formats[i].format;
	return e->job && e->job->stages.format != FORMAT_AUTO ? (int)e->job->stages.format : (int)FORMAT_AUTO;
}

/* The lines of the window as UTF-8, without a byte order mark. false: libc cannot read them. */
static bool decode_window(struct explanation *e, const struct charset *charset)
{
	struct explain_window *w = &e->window;
	struct decoder *d = decoder_new(charset, w->why);
	for (size_t i = 0; d && i < w->count; i++) {
		struct str text = decoder_line(d, w->units, w->at[i].text, LINE_MOST);
		bool has_mark = w->at[i].offset == 0 && str_starts(text, STR("\xef\xbb\xbf"));
		w->at[i].text = arena_copy(&e->arena, str_skip(text, has_mark ? 3 : 0));
	}
	decoder_free(d);
	return d != NULL;
}

static void look_at_line(struct explanation *e, const struct config *c, uint64_t number)
{
	enum charset_units units = e->job && e->job->charset ? e->job->charset->units : CHARSET_BYTES;
	e->has_window = e->is_regular && explain_window_read(&e->window, e->real, number, units);
	if (!e->has_window && !e->window.why[0])
		snprintf(e->window.why, sizeof e->window.why, "the file cannot be read");
	if (!e->has_window || !c || !e->job)
		return;
	if (e->job->charset && !decode_window(e, e->job->charset)) {
		e->has_window = false;
		return;
	}
	explain_way_run(&e->way, &e->window, c, e->job, format_of(e), e->labels, e->metadata, os_wall_ns());
	e->has_way = true;
}

static void look(struct explanation *e, struct ask *a, uint64_t number)
{
	char positions[EXPLAIN_PATH_ROOM];
	look_at_file(e);
	agent_view_status(&e->agent, a);
	take_over_places(e, a);
	agent_view_file(&e->agent, a, str_of(e->real), e->dev, e->ino);
	if (e->agent.has_answered && e->agent.file_count == 0 && e->agent.refused_path.n == 0 && strcmp(e->given, e->real) != 0)
		agent_view_file(&e->agent, a, str_of(e->given), e->dev, e->ino); /* a link that is refused is known by its own name */
	e->is_guess = !e->agent.has_answered && !a->flags.config_file && !a->flags.loki_url;
	positions_path(a, positions);
	if (!e->agent.has_answered && e->ino)
		e->is_saved = explanation_saved(e, positions);
	look_at_jobs(e, a);
	choose_job(e, a->settings.config);
	if (e->has_line)
		look_at_line(e, a->settings.config, number);
	explanation_judge(e);
}

static void print(const struct flags *flags, const struct explanation *e)
{
	struct buf text;
	buf_init(&text, OUTPUT_MOST);
	if (flags->format && strcmp(flags->format, "json") == 0)
		explanation_print_json(e, &text);
	else
		explanation_print(e, &text);
	fwrite(text.p, 1, text.n, stdout);
	buf_fini(&text);
}

/* FILE:WORD, where the file is there and the word is none for a line. */
static bool is_bad_line(const char *argument)
{
	char path[EXPLAIN_PATH_ROOM];
	const char *colon = strrchr(argument, ':');
	if (!colon || (size_t)(colon - argument) >= sizeof path)
		return false;
	memcpy(path, argument, (size_t)(colon - argument));
	path[colon - argument] = '\0';
	return access(argument, F_OK) < 0 && access(path, F_OK) == 0;
}

int command_explain(const struct flags *flags)
{
	struct ask a;
	struct str path = str_of(flags->rest[0]);
	uint64_t number = 0;
	bool has_line = access(flags->rest[0], F_OK) < 0 && explain_cut_line(&path, &number);
	int code = FLAGS_USAGE_EXIT;
	if (!has_line && is_bad_line(flags->rest[0])) {
		fprintf(stderr, "spoor explain: \"%s\" is no line: expected its number, from 1, or last\n", strrchr(flags->rest[0], ':') + 1);
		return code;
	}
	struct explanation *e = calloc(1, sizeof *e);
	if (!e)
		abort();
	e->has_line = has_line;
	bool is_open = ask_open(&a, flags);
	if (is_open && locate(e, path)) {
		look(e, &a, number);
		print(flags, e);
		code = e->verdict == VERDICT_YES ? 0 : 1;
	} else {
		fprintf(stderr, "spoor explain: %s\n", is_open ? "that path is too long" : a.err);
	}
	explain_way_fini(&e->way);
	explain_window_fini(&e->window);
	agent_view_fini(&e->agent);
	arena_fini(&e->arena);
	ask_fini(&a);
	free(e);
	return code;
}
