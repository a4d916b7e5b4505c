/* The configuration that is on disk, and the agent that runs: is it the same version, with the same configuration? */
#include <stdio.h>

#include "agent/commands/diagnosis.h"
#include "parsers/json.h"

struct answer { struct arena arena; struct str version, hash, mode, not_ready_why, degraded_why; bool is_ready, is_degraded, is_polling, reload_ok; };

static void read_config(struct json *j, struct answer *a)
{
	struct json_scope members;
	for (json_object(j, &members); json_member(j, &members);)
		if (json_is(j, "hash"))
			json_text(j, &a->arena, &a->hash);
}

static void read_reload(struct json *j, struct answer *a)
{
	struct json_scope members;
	for (json_object(j, &members); json_member(j, &members);)
		if (json_is(j, "ok"))
			json_bool(j, &a->reload_ok);
}

static void read_data(struct json *j, struct answer *a)
{
	const struct { const char *name; struct str *to; } texts[] = {
		{ "version", &a->version }, { "mode", &a->mode }, { "not_ready_why", &a->not_ready_why }, { "degraded_why", &a->degraded_why },
	};
	const struct { const char *name; bool *to; } bools[] = {
		{ "ready", &a->is_ready }, { "degraded", &a->is_degraded }, { "polling", &a->is_polling },
	};
	struct json_scope members;
	for (json_object(j, &members); json_member(j, &members);) {
		for (size_t i = 0; i < COUNT_OF(texts); i++)
			if (json_is(j, texts[i].name)) {
				json_text(j, &a->arena, texts[i].to);
				break;
			}
		for (size_t i = 0; i < COUNT_OF(bools); i++)
			if (json_is(j, bools[i].name)) {
				json_bool(j, bools[i].to);
				break;
			}
		if (json_is(j, "config"))
			read_config(j, a);
		else if (json_is(j, "reload"))
			read_reload(j, a);
	}
}

static bool read_answer(struct str text, struct answer *a)
{
	struct json j;
	struct json_scope whole;
	*a = (struct answer){ .reload_ok = true };
	json_init(&j, text);
	for (json_object(&j, &whole); json_member(&j, &whole);)
		if (json_is(&j, "data"))
			read_data(&j, a);
	return json_end(&j);
}

static void compare(struct diagnosis *d, const struct answer *a)
{
	struct findings *f = d->findings;
	struct str url = str_of(d->ask->url);
	const struct config *c = d->ask->settings.config;
	char hash[17] = "";
	if (c)
		snprintf(hash, sizeof hash, "%016llx", (unsigned long long)c->hash);
	if (!str_eq(a->version, STR(SPOOR_VERSION)))
		findings_add(f, FINDING_WARN, "agent", url, "restart the agent, or use the program it runs",
			     "it is version " STR_FMT ", this command " SPOOR_VERSION, STR_ARG(a->version));
	if (!a->is_ready)
		findings_add(f, FINDING_WARN, "agent", url, "", "it is not ready: " STR_FMT, STR_ARG(a->not_ready_why));
	if (a->is_degraded)
		findings_add(f, FINDING_FAIL, "agent", url, "", "it runs with less than it should: " STR_FMT, STR_ARG(a->degraded_why));
	if (!a->reload_ok)
		findings_add(f, FINDING_FAIL, "agent", url, "spoor check FILE says what is wrong with it",
			     "the last reload failed, it runs with the configuration before");
	else if (c && a->hash.n && !d->is_self_test && !str_eq(a->hash, str_of(hash)))
		findings_add(f, FINDING_WARN, "agent", url, "reload it, or name the file that it was started with", "it runs another configuration than %s",
			     d->ask->flags.config_file ? d->ask->flags.config_file : "the built-in one");
	if (a->is_polling)
		findings_add(f, FINDING_WARN, "agent", url, "raise fs.inotify.max_user_watches and fs.inotify.max_user_instances",
			     "inotify is exhausted: files are looked at by the clock");
	if (a->is_ready && !a->is_degraded)
		findings_add(f, FINDING_OK, "agent", url, "", "answers, version " STR_FMT ", " STR_FMT " mode, ready", STR_ARG(a->version), STR_ARG(a->mode));
}

static void configuration(struct diagnosis *d)
{
	struct ask *a = d->ask;
	struct str name = str_of(a->flags.config_file ? a->flags.config_file : "built-in configuration");
	struct str problems = buf_view(&a->settings_problem);
	if (!a->settings.config)
		findings_add(d->findings, FINDING_FAIL, "configuration", name, "spoor check FILE shows all of it", STR_FMT,
			     STR_ARG(str_take(problems, str_find(problems, '\n'))));
	else if (problems.n)
		findings_add(d->findings, FINDING_WARN, "configuration", name, "spoor check FILE shows all of it", "valid, with warnings: " STR_FMT,
			     STR_ARG(str_take(problems, str_find(problems, '\n'))));
	else
		findings_add(d->findings, FINDING_OK, "configuration", name, "", "valid: %s", a->settings.mode.why);
}

void diagnosis_agent(struct diagnosis *d)
{
	struct answer answer;
	configuration(d);
	if (!ask_get(d->ask, "/api/v1/status", &d->status)) {
		findings_add(d->findings, d->is_self_test ? FINDING_FAIL : FINDING_WARN, "agent", str_of(d->ask->url), "", "%s", d->ask->err);
		return;
	}
	if (read_answer(buf_view(&d->status), &answer))
		compare(d, &answer);
	else
		findings_add(d->findings, FINDING_FAIL, "agent", str_of(d->ask->url), "say where the agent listens with --web.listen-address",
			     "what answers is no agent");
	arena_fini(&answer.arena);
}
