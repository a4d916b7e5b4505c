/* The life of the agent: load, start, run, drain, free; a reload is one more round with the new configuration, and happens only
 * when that is valid. The loop, the worker and the HTTP port live through reloads, the pipeline does not.
 *
 *   SIGTERM, SIGINT   drain within server.graceful_shutdown_timeout, exit 0; a second one exits at once
 *   SIGHUP, POST /-/reload   read the file again; refuse it or swap */
#include "agent/commands/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/config_watch.h"
#include "agent/exposition/exposition.h"
#include "agent/log.h"
#include "agent/notify.h"
#include "agent/os.h"
#include "agent/logs/pipeline.h"
#include "agent/sandbox/sandbox.h"
#include "agent/settings.h"
#include "agent/trim.h"
#include "agent/web/web.h"

enum { PROBLEMS_MOST = 1 << 20, STATE_ROOM = 4096 };
enum next { NEXT_NOTHING, NEXT_RELOAD, NEXT_EXIT };
static const int64_t RELOAD_DRAIN_NS = 5 * 1000000000ll, TRIM_AFTER_NS = 3 * 1000000000ll, TRIM_EVERY_NS = 30 * 1000000000ll;

struct agent {
	const struct flags *flags;
	struct loop *loop;
	struct worker *worker;
	struct web *web;
	struct pipeline *pipeline;
	struct taps taps;           /* stay through reloads */
	struct loop_timer trim_timer;
	struct config_watch config_watch;
	struct settings now, wanted; /* wanted: loaded by a reload, takes over when the pipeline has drained */
	enum next next;
	int signal_fd, lock_fd;
	bool is_state_usable, is_drained;
	char state_dir[STATE_ROOM], state_problem[256], checkpoint_path[STATE_ROOM + 16], spool_path[STATE_ROOM + 16], host_name[256];
	const char *import_path; /* Promtail's positions; NULL: none */
	int64_t start_wall_ns, reload_wall_ns;
	bool was_reload_ok;
	uint64_t reloads_ok, reloads_failed;
};

/* ---- state directory ---- */

/* One agent per state directory; the kernel takes the lock back whatever way the process ends. 0, 1: another one runs, or -errno. */
static int lock_state(struct agent *a, const char *directory)
{
	char path[STATE_ROOM + 8];
	int error = os_make_directory(directory);
	snprintf(path, sizeof path, "%s/lock", directory);
	if (error >= 0)
		a->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (error < 0 || a->lock_fd < 0)
		return error < 0 ? error : -errno;
	snprintf(a->state_dir, sizeof a->state_dir, "%s", directory);
	return flock(a->lock_fd, LOCK_EX | LOCK_NB) < 0;
}

/* --state.dir; where that cannot be written, the folder of positions.filename: what has the volumes of Promtail's DaemonSet has that. */
static bool prepare_state(struct agent *a)
{
	char beside[STATE_ROOM];
	struct str filename = a->now.config->logs.positions.filename;
	snprintf(a->state_dir, sizeof a->state_dir, "%s", a->flags->state_dir);
	snprintf(beside, sizeof beside, STR_FMT, STR_ARG(filename));
	char *slash = strrchr(beside, '/');
	int error = lock_state(a, a->flags->state_dir);
	if (error < 0 && slash && slash != beside) {
		int first = error;
		*slash = '\0';
		error = lock_state(a, beside);
		if (error >= 0)
			LOG_WARN("%s: %s: what is kept is kept in %s, where the positions are", a->flags->state_dir, strerror(-first), beside);
	}
	a->is_state_usable = error >= 0;
	if (error < 0) {
		snprintf(a->state_problem, sizeof a->state_problem, "%.150s: %s: positions are kept in memory only, a restart repeats lines",
			 a->flags->state_dir, strerror(-error));
		LOG_ERROR("%s; give --state.dir a directory that this user may write", a->state_problem);
	}
	if (error > 0)
		LOG_ERROR("%s: another spoor uses this state directory: stop it, or give this one its own --state.dir", a->state_dir);
	return error <= 0;
}

/* ---- status ---- */

static void print_masked(void *ctx, struct buf *out)
{
	struct agent *a = ctx;
	config_print(a->now.config, out);
}

static void fill_status(void *ctx, struct status *out)
{
	struct agent *a = ctx;
	*out = (struct status){
		.mode = a->now.mode.name,
		.mode_why = a->now.mode.why,
		.start_wall_ns = a->start_wall_ns,
		.now_wall_ns = loop_wall_ns(a->loop),
		.reload_wall_ns = a->reload_wall_ns,
		.reload_ok = a->was_reload_ok,
		.reloads_ok = a->reloads_ok,
		.reloads_failed = a->reloads_failed,
		.config_hash = a->now.config->hash,
		.config_path = a->now.config->path,
		.is_ready = a->next != NEXT_EXIT,
		.not_ready_why = a->next == NEXT_EXIT ? "shutting down" : "files are being discovered",
		.is_degraded = !a->is_state_usable,
		.degraded_why = a->state_problem,
		.pods_path = a->flags->path_pod_logs,
		.docker_path = a->flags->path_docker,
		.state_path = a->flags->state_dir,
		.promtail_names = a->flags->metrics_compat != NULL,
	};
	pipeline_status(a->pipeline, out);
	out->metrics = pipeline_metrics(a->pipeline);
	out->print_config = print_masked;
	out->print_config_ctx = a;
}

/* ---- signals and reload ---- */

static void on_drained(void *ctx)
{
	struct agent *a = ctx;
	a->is_drained = true;
	loop_stop(a->loop);
}

static bool begin_reload(struct agent *a, struct buf *answer)
{
	if (a->next != NEXT_NOTHING) {
		buf_printf(answer, "%s is under way, try again in a few seconds\n", a->next == NEXT_EXIT ? "shutdown" : "another reload");
		return false;
	}
	a->reload_wall_ns = loop_wall_ns(a->loop);
	a->was_reload_ok = settings_load(a->flags, &a->wanted, answer) >= 0;
	if (!a->was_reload_ok) {
		a->reloads_failed++;
		return false;
	}
	a->reloads_ok++;
	a->next = NEXT_RELOAD;
	notify_send("STATUS=reloading");
	pipeline_drain(a->pipeline, loop_now_ns(a->loop) + RELOAD_DRAIN_NS, on_drained, a);
	return true;
}

static bool on_web_reload(void *ctx, struct buf *answer)
{
	return begin_reload(ctx, answer);
}

static void on_hangup(struct agent *a)
{
	struct buf answer;
	buf_init(&answer, PROBLEMS_MOST);
	if (begin_reload(a, &answer))
		LOG_INFO("configuration is valid: taking it over");
	else
		LOG_ERROR("configuration refused, the old one stays in force:\n" STR_FMT, STR_ARG(buf_view(&answer)));
	buf_fini(&answer);
}

/* With what is in force already (somebody was faster, by signal) there is nothing to do; during a reload the next look comes again. */
static void on_file_changed(void *ctx, uint64_t hash)
{
	struct agent *a = ctx;
	if (a->next != NEXT_NOTHING) {
		a->config_watch.judged = a->now.config->hash;
		return;
	}
	if (hash == a->now.config->hash)
		return;
	LOG_INFO("%s has changed", a->flags->config_file);
	on_hangup(a);
}

static void on_terminate(struct agent *a)
{
	if (a->next == NEXT_EXIT) {
		LOG_WARN("second signal: leaving at once; what was not acknowledged is sent again at the next start");
		a->is_drained = true;
		loop_stop(a->loop);
		return;
	}
	a->next = NEXT_EXIT;
	notify_send("STOPPING=1");
	LOG_INFO("stopping: sending what is read, saving positions");
	pipeline_drain(a->pipeline, loop_now_ns(a->loop) + a->now.config->server.graceful_shutdown_timeout_ms * 1000000, on_drained, a);
}

static void on_signal(void *ctx, int fd, int events)
{
	struct agent *a = ctx;
	struct signalfd_siginfo info;
	(void)events;
	while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGHUP)
			on_hangup(a);
		else
			on_terminate(a);
	}
}

static int catch_signals(struct agent *a)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	a->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return a->signal_fd < 0 ? -1 : loop_watch(a->loop, a->signal_fd, LOOP_READ, on_signal, a);
}

/* ---- rounds ---- */

/* The file's own name for positions may be Promtail's, whose file must not be touched: ours gets a suffix. */
static void choose_checkpoint(struct agent *a)
{
	struct str filename = a->now.config->logs.positions.filename;
	if (filename.n)
		snprintf(a->checkpoint_path, sizeof a->checkpoint_path, STR_FMT ".spoor", STR_ARG(filename));
	else
		snprintf(a->checkpoint_path, sizeof a->checkpoint_path, "%s/positions", a->state_dir);
	struct str import = a->now.config->logs.positions.import;
	a->import_path = a->flags->positions_import ? a->flags->positions_import : import.n ? import.p : NULL;
}

/* The jobs `self` and `logs`: our own metrics, and those out of logs, as OpenMetrics. */
static void write_own(void *ctx, enum scrape_builtin which, struct buf *out)
{
	struct status status;
	fill_status(ctx, &status);
	(which == BUILTIN_LOGS ? exposition_logs : exposition_self)(&status, out, true);
	exposition_end(out, true);
}

static struct metrics_options metrics_options(struct agent *a)
{
	const struct flags *f = a->flags;
	snprintf(a->spool_path, sizeof a->spool_path, "%s/spool", a->state_dir);
	return (struct metrics_options){ .spool_path = a->is_state_usable ? a->spool_path : NULL,
					 .roots = { f->path_procfs, f->path_sysfs, f->path_rootfs, f->path_udev_data, f->path_cgroupfs,
						    f->path_pod_logs, f->path_runtime_state },
					 .collector_flags = f->collector_flags, .collector_flag_count = (size_t)f->collector_flag_count,
					 .own = write_own, .own_ctx = a };
}

static int start_pipeline(struct agent *a)
{
	char err[256];
	choose_checkpoint(a);
	const struct str host = settings_host_name(a->host_name);
	struct pipeline_options options = { .config = a->now.config, .pods_path = a->flags->path_pod_logs, .docker_path = a->flags->path_docker,
					    .service_account_path = a->flags->path_service_account,
					    .checkpoint_path = a->checkpoint_path, .import_path = a->import_path, .is_state_usable = a->is_state_usable,
					    .node_name = settings_node_name(), .host = host, .loop = a->loop, .worker = a->worker,
					    .taps = &a->taps,
					    .metrics = metrics_options(a) };
	a->pipeline = pipeline_start(&options, err);
	if (a->pipeline)
		return 0;
	LOG_ERROR("%s", err);
	return -1;
}

static int start_web(struct agent *a)
{
	char err[256];
	struct web_options options = { .listen_address = str_of(a->now.listen_address), .node_name = settings_node_name(),
				       .enable_lifecycle = a->flags->enable_lifecycle || a->now.config->server.enable_runtime_reload, .ctx = a,
				       .status = fill_status, .reload = on_web_reload, .taps = &a->taps, .enable_tap = a->flags->enable_tap,
				       .web_config_file = a->now.web_config_file };
	a->web = web_start(a->loop, &options, err);
	if (a->web)
		return 0;
	LOG_ERROR("%s", err);
	return -1;
}

static void set_up_log(const struct agent *a)
{
	struct str level = a->flags->log_level ? str_of(a->flags->log_level) : a->now.config->server.log_level;
	struct str format = a->flags->log_format ? str_of(a->flags->log_format) : a->now.config->server.log_format;
	enum log_level least = LOG_INFO_;
	log_level_named(level, &least);
	log_setup(least, str_eq(format, STR("json")));
}

/* The port moves only when its address changed, and only when the new one can be had. */
static void move_web(struct agent *a, const char *old_address)
{
	struct web *old = a->web;
	char err[256];
	if (strcmp(old_address, a->now.listen_address) == 0) {
		if (!web_set_config_file(old, a->now.web_config_file, err))
			LOG_ERROR("%s", err);
		return;
	}
	if (start_web(a) == 0) {
		web_stop(old);
		return;
	}
	LOG_ERROR("staying at http://%s/", old_address);
	a->web = old;
	snprintf(a->now.listen_address, sizeof a->now.listen_address, "%s", old_address);
}

/* Takes the wanted settings over; when they do not start after all, the old ones again. */
static int swap(struct agent *a)
{
	struct settings old = a->now;
	pipeline_free(a->pipeline);
	a->now = a->wanted;
	a->wanted = (struct settings){ 0 };
	a->next = NEXT_NOTHING;
	a->is_drained = false;
	if (start_pipeline(a) < 0) {
		LOG_ERROR("the new configuration does not start; the old one stays in force");
		a->was_reload_ok = false;
		a->reloads_ok--;
		a->reloads_failed++;
		settings_fini(&a->now);
		a->now = old;
		return start_pipeline(a);
	}
	set_up_log(a);
	move_web(a, old.listen_address);
	settings_fini(&old);
	notify_send("READY=1\nSTATUS=running");
	LOG_INFO("new configuration in force: %s", a->now.mode.why);
	return 0;
}

static void announce(const struct agent *a)
{
	LOG_INFO("spoor " SPOOR_VERSION ": %s mode: %s", a->now.mode.name, a->now.mode.why);
	if (a->now.config->logs.client_count == 0)
		LOG_INFO("no destination configured: the newest records are kept in memory and shown at http://%s/", a->now.listen_address);
	else
		LOG_INFO("status page and metrics: http://%s/", a->now.listen_address);
}

/* Once everything runs that has to run, what only starting needed can go; later, what a peak has left. */
static void on_trim(void *ctx)
{
	struct agent *a = ctx;
	trim_memory();
	loop_arm(a->loop, &a->trim_timer, loop_now_ns(a->loop) + TRIM_EVERY_NS, on_trim, a);
}

static int live(struct agent *a)
{
	loop_arm(a->loop, &a->trim_timer, loop_now_ns(a->loop) + TRIM_AFTER_NS, on_trim, a);
	for (;;) {
		loop_run(a->loop);
		if (!a->is_drained)
			continue;
		if (a->next == NEXT_EXIT)
			return 0;
		if (a->next == NEXT_RELOAD && swap(a) < 0)
			return 1;
	}
}

static int start_all(struct agent *a)
{
	a->loop = loop_new();
	a->worker = a->loop ? worker_new(a->loop) : NULL;
	if (!a->worker || catch_signals(a) < 0) {
		LOG_ERROR("cannot start: %s", strerror(errno));
		return -1;
	}
	a->start_wall_ns = a->reload_wall_ns = loop_wall_ns(a->loop);
	a->was_reload_ok = true;
	if (!prepare_state(a) || start_pipeline(a) < 0 || start_web(a) < 0)
		return -1;
	announce(a);
	notify_send("READY=1\nSTATUS=running");
	a->config_watch.changed = on_file_changed;
	a->config_watch.ctx = a;
	if (a->flags->config_file && a->flags->auto_reload_interval_ns)
		config_watch_start(&a->config_watch, a->loop, a->flags->config_file, a->flags->auto_reload_interval_ns, a->now.config->hash);
	return 0;
}

static void free_all(struct agent *a)
{
	web_stop(a->web);
	if (a->pipeline)
		pipeline_free(a->pipeline);
	config_watch_stop(&a->config_watch);
	if (a->loop)
		loop_disarm(a->loop, &a->trim_timer);
	worker_free(a->worker);
	if (a->loop && a->signal_fd >= 0)
		loop_watch(a->loop, a->signal_fd, 0, NULL, NULL);
	loop_free(a->loop);
	settings_fini(&a->now);
	settings_fini(&a->wanted);
	if (a->signal_fd >= 0)
		close(a->signal_fd);
	if (a->lock_fd >= 0)
		close(a->lock_fd);
}

/* Before there is a second thread, and after the state directory is there. Where positions are kept is judged once: a reload that moves them
 * elsewhere needs a restart. */
static void confine(struct agent *a)
{
	char positions[sizeof a->checkpoint_path];
	os_make_directory(a->flags->state_dir);
	choose_checkpoint(a);
	snprintf(positions, sizeof positions, "%s", a->checkpoint_path);
	char *slash = strrchr(positions, '/');
	if (slash)
		*slash = '\0';
	const char *const writable[] = { a->flags->state_dir, slash ? positions : "." };
	struct sandbox_options options = { writable, COUNT_OF(writable) };
	struct sandbox_status status;
	sandbox_enter(&options, &status);
	if (status.problem[0])
		LOG_WARN("the sandbox is not complete: %s; what could be applied holds", status.problem);
	LOG_INFO("sandbox: %s, %s, no capability but reading files", status.has_seccomp ? "system calls of a list" : "no limit of system calls",
		 status.landlock_abi ? "writing below the state directory alone (Landlock)" : "no Landlock in this kernel");
}

int command_run(const struct flags *flags)
{
	struct agent a = { .flags = flags, .signal_fd = -1, .lock_fd = -1 };
	trim_set_up();
	struct buf problems;
	buf_init(&problems, PROBLEMS_MOST);
	int error = settings_load(flags, &a.now, &problems);
	if (problems.n)
		fwrite(problems.p, 1, problems.n, stderr);
	buf_fini(&problems);
	if (error < 0)
		return FLAGS_CONFIG_EXIT;
	set_up_log(&a);
	if (!flags->no_sandbox)
		confine(&a);
	int code = start_all(&a) < 0 ? 1 : live(&a);
	free_all(&a);
	return code;
}
