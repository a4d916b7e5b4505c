/* Flags, file and environment come together here and nowhere else, so that a reload cannot come to another result than a start. */
#include "agent/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/commandline/flags_promtail.h"
#include "agent/os.h"

enum { DEFAULT_PORT = 9195 };

struct str settings_node_name(void)
{
	return str_of(getenv("NODE_NAME"));
}

struct str settings_host_name(char room[256])
{
	static const char *const names[] = { "NODE_NAME", "HOSTNAME" };
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return str_of(value);
	}
	if (gethostname(room, 256) < 0)
		room[0] = '\0';
	room[255] = '\0';
	return str_of(room);
}

/* The only variables that are ever looked up (config_expand asks for no others). */
static struct str lookup(void *ctx, struct str name)
{
	static const char *const known[] = { "NODE_NAME", "HOST_IP", "POD_NAME", "POD_NAMESPACE", "HOSTNAME" };
	char *host = ctx;
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (str_eq(name, str_of(known[i])) && getenv(known[i]))
			return str_of(getenv(known[i]));
	if (!str_eq(name, STR("HOSTNAME")) || gethostname(host, 256) < 0)
		return (struct str){ 0 };
	host[255] = '\0';
	return str_of(host);
}

static struct str environment(void *ctx, struct str name)
{
	char zero_ended[SUBSTITUTE_NAME_MOST + 1];
	(void)ctx;
	snprintf(zero_ended, sizeof zero_ended, STR_FMT, STR_ARG(name));
	return str_of(getenv(zero_ended));
}

struct config *settings_read(const struct flags *flags, struct str text, struct str name, struct config_problems *problems)
{
	const struct config_source source = { .text = text, .name = name, .variables.lookup = flags->expand_env ? environment : NULL,
					      .settings = flags->settings, .setting_count = flags->setting_count };
	return config_load_source(&source, problems);
}

/* Flags of Promtail that stay: nobody is to look for their effect. */
static void tell_of_flags(const struct flags *flags, struct buf *problems)
{
	for (size_t i = 0; i < flags->without_effect_count; i++)
		buf_printf(problems, "command line: warning: --%s has no effect: %s\n", flags->without_effect[i],
			   promtail_flag_find(str_of(flags->without_effect[i]))->words);
}

static struct config *load_file(const struct flags *flags, struct buf *problems)
{
	const char *path = flags->config_file;
	struct buf text;
	buf_init(&text, CONFIG_MOST_BYTES + 1);
	struct config_problems found = { 0 };
	struct config *c = NULL;
	int error = os_read_file(path, CONFIG_MOST_BYTES, &text);
	if (error < 0) {
		buf_printf(problems, "%s: %s: name a file that this user may read, or start without --config.file\n", path, strerror(-error));
	} else {
		c = settings_read(flags, buf_view(&text), str_of(path), &found);
		config_problems_print(&found, str_of(path), problems);
	}
	config_problems_fini(&found);
	buf_fini(&text);
	return c;
}

static struct config *load(const struct flags *flags, struct buf *problems)
{
	if (flags->config_file)
		return load_file(flags, problems);
	bool has_urls = flags->loki_url || flags->remote_write_url;
	if (!has_urls && !flags->setting_count)
		return config_default();
	struct config_problems found = { 0 };
	struct config *c = has_urls ? config_load_urls(str_of(flags->loki_url), str_of(flags->remote_write_url), &found)
				    : settings_read(flags, (struct str){ 0 }, STR("command line"), &found);
	config_problems_print(&found, flags->loki_url ? STR("--loki.url") : STR("--remote-write.url"), problems);
	config_problems_fini(&found);
	return c;
}

/* Command line before file before default. Outside Kubernetes only this machine may ask. */
static void choose_address(const struct flags *flags, struct settings *s)
{
	const struct config *c = s->config;
	if (flags->web_listen_address) {
		snprintf(s->listen_address, sizeof s->listen_address, "%s", flags->web_listen_address);
		return;
	}
	const char *host = getenv("KUBERNETES_SERVICE_HOST") ? "" : "127.0.0.1";
	long long port = c->server.http_listen_port ? (long long)c->server.http_listen_port : DEFAULT_PORT;
	if (c->server.http_listen_address.n)
		snprintf(s->listen_address, sizeof s->listen_address, STR_FMT ":%lld", STR_ARG(c->server.http_listen_address), port);
	else
		snprintf(s->listen_address, sizeof s->listen_address, "%s:%lld", host, port);
}

int settings_load(const struct flags *flags, struct settings *out, struct buf *problems)
{
	char host[256] = "", err[256];
	*out = (struct settings){ .config = load(flags, problems) };
	if (!out->config)
		return -1;
	tell_of_flags(flags, problems);
	if (!flags->expand_env && config_expand(out->config, lookup, host, err) < 0) {
		buf_printf(problems, "%s\n", err);
		settings_fini(out);
		return -1;
	}
	mode_apply(out->config, flags->path_pod_logs, flags->path_docker, NULL, &out->mode);
	choose_address(flags, out);
	out->web_config_file = flags->web_config_file;
	if (!out->web_config_file && out->config->server.web_config_file.n)
		out->web_config_file = out->config->server.web_config_file.p; /* values of the configuration are NUL-terminated */
	return 0;
}

void settings_fini(struct settings *s)
{
	config_free(s->config);
	s->config = NULL;
}
