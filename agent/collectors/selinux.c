/* SELinux: whether it is on, what /etc/selinux/config says and what is enforced now. It is on when a writable selinuxfs is mounted
 * and this process has a context other than the "kernel" of before the policy was loaded. */
#include <linux/magic.h>
#include <stdio.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "agent/collectors/all.h"
#include "agent/collectors/storage_texts.h"
#include "agent/collectors/words.h"

static bool is_enabled(struct collect *c)
{
	struct statfs about;
	struct str context;
	char path[512];
	snprintf(path, sizeof(path), "%s/fs/selinux", c->roots->sys);
	if (statfs(path, &about) < 0 || (unsigned)about.f_type != SELINUX_MAGIC || (about.f_flags & ST_RDONLY))
		return false;
	if (files_read(c->files, "", "/proc/thread-self/attr/current", false, &context) < 0)
		return true;
	while (context.n > 0 && context.p[context.n - 1] == 0)
		context.n--;
	return !str_eq(str_trim(context), STR("kernel"));
}

double selinux_parse_mode(struct str text)
{
	while (text.n > 0) {
		struct str value = str_trim(str_cut(&text, '\n')), key = str_cut(&value, '=');
		if (!str_eq(key, STR("SELINUX")))
			continue;
		while (value.n > 0 && value.p[0] == '"')
			value = str_skip(value, 1);
		while (value.n > 0 && value.p[value.n - 1] == '"')
			value.n--;
		return str_eq(value, STR("enforcing")) ? 1 : str_eq(value, STR("permissive")) ? 0 : -1;
	}
	return -1;
}

static int update(void *state, struct collect *c)
{
	(void)state;
	static const char enabled[] = "node_selinux_enabled", enabled_help[] = "SELinux is enabled, 1 is true, 0 is false";
	struct str text;
	double config = -1, now = -1;
	if (!is_enabled(c)) {
		families_gauge(c->out, enabled, enabled_help, 0);
		return 0;
	}
	if (files_read(c->files, c->roots->rootfs, "/etc/selinux/config", false, &text) == 0)
		config = selinux_parse_mode(text);
	if (files_attribute(c->files, &text, "%s/fs/selinux/enforce", c->roots->sys) < 0 || !words_signed(str_trim(text), &now))
		now = -1;
	families_gauge(c->out, enabled, enabled_help, 1);
	families_gauge(c->out, "node_selinux_config_mode", "Configured SELinux enforcement mode", config);
	families_gauge(c->out, "node_selinux_current_mode", "Current SELinux enforcement mode", now);
	return 0;
}

const struct collector collector_selinux = { .name = "selinux", .is_default = true, .update = update };
