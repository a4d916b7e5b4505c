/* A process counts when its program is called spoor, its command is `run`, and it sees the same files as we do: one in a container that we
 * are not in has other paths. */
#include "agent/commands/running.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/os.h"
#include "parsers/bytes/num.h"

enum { ARGUMENTS_MAX = 512, COMMAND_LINE_MAX = 256 << 10 };

struct search {
	const char *procfs;
	struct running *found;
};

static bool same_mounts(const char *procfs, const char *pid)
{
	char path[320], ours[64], theirs[64];
	snprintf(path, sizeof path, "%s/%s/ns/mnt", procfs, pid);
	ssize_t n = readlink(path, theirs, sizeof theirs);
	snprintf(path, sizeof path, "%s/self/ns/mnt", procfs);
	ssize_t m = readlink(path, ours, sizeof ours);
	/* Not allowed to look: then it is another user's, which says nothing about its files. */
	return n < 0 || m < 0 || (n == m && memcmp(ours, theirs, (size_t)n) == 0);
}

static bool is_called_spoor(struct str program)
{
	struct str name = program;
	for (size_t at; (at = str_find(name, '/')) < name.n;)
		name = str_skip(name, at + 1);
	return str_eq(name, STR("spoor"));
}

/* Whether text, arguments with a NUL behind each, starts an agent; its flags then. */
static bool parse(struct buf *text, struct running *out)
{
	char err[256];
	int argc = 0;
	buf_char(text, '\0'); /* a line that was cut */
	out->argv = calloc(ARGUMENTS_MAX + 1, sizeof *out->argv);
	if (!out->argv)
		abort();
	for (size_t at = 0; at + 1 < text->n && argc < ARGUMENTS_MAX; at += strlen(text->p + at) + 1)
		out->argv[argc++] = text->p + at;
	bool is_agent = argc && is_called_spoor(str_of(out->argv[0])) && flags_parse(argc, out->argv, &out->flags, err) == 0 &&
			strcmp(out->flags.command, "run") == 0 && !out->flags.help && !out->flags.version;
	if (is_agent) {
		out->text = text->p;
		*text = (struct buf){ 0 };
		return true;
	}
	free(out->argv);
	out->argv = NULL;
	return false;
}

static bool on_process(void *ctx, const char *name, unsigned char d_type)
{
	struct search *s = ctx;
	struct running one = { 0 };
	char path[320];
	uint64_t pid;
	(void)d_type;
	if (!num_u64(str_of(name), &pid) || pid > INT32_MAX || pid == (uint64_t)getpid())
		return true;
	struct buf text;
	buf_init(&text, COMMAND_LINE_MAX + 8192);
	snprintf(path, sizeof path, "%s/%s/cmdline", s->procfs, name);
	if (os_read_file(path, COMMAND_LINE_MAX, &text) >= 0 && text.n && same_mounts(s->procfs, name) && parse(&text, &one)) {
		one.pid = (int)pid;
		one.count = s->found->count + 1;
		running_fini(s->found);
		*s->found = one;
	}
	buf_fini(&text);
	return s->found->count < 2;
}

void running_find(const char *procfs, struct running *out)
{
	struct search s = { procfs, out };
	*out = (struct running){ 0 };
	int fd = os_open_root(procfs);
	if (fd < 0)
		return;
	os_list(fd, "", on_process, &s);
	os_close(fd);
	if (out->count > 1)
		out->pid = 0;
}

void running_fini(struct running *r)
{
	free(r->argv);
	free(r->text);
	*r = (struct running){ 0 };
}
