/* One line of mountinfo:
 *
 *   36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 *
 * Between the sixth field and the lone hyphen stand any number of tags; behind it are exactly three fields. Blanks inside fields are
 * written as \040, so a blank always separates. */
#include "agent/collectors/system.h"
#include "parsers/bytes/num.h"

bool mount_line_parse(struct str line, struct mount_line *out)
{
	struct str fields[6], rest = line;
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		if (rest.n == 0)
			return false;
		fields[i] = str_cut(&rest, ' ');
	}
	/* From the end, as a tag could in theory be a hyphen too. An empty source leaves two blanks in a row. */
	struct str tail[4];
	for (size_t i = COUNT_OF(tail); i > 0; i--) {
		size_t at = rest.n;
		while (at > 0 && rest.p[at - 1] != ' ')
			at--;
		tail[i - 1] = str_skip(rest, at);
		rest = str_take(rest, at ? at - 1 : 0);
	}
	struct str minor = fields[2], major = str_cut(&minor, ':');
	*out = (struct mount_line){ .point = fields[4], .options = fields[5], .type = tail[1], .source = tail[2], .super_options = tail[3] };
	return str_eq(tail[0], STR("-")) && num_u64(major, &out->major) && num_u64(minor, &out->minor);
}

static bool has_option(struct str options, struct str wanted)
{
	while (options.n)
		if (str_eq(str_cut(&options, ','), wanted))
			return true;
	return false;
}

bool mount_line_is_read_only(const struct mount_line *m)
{
	return has_option(m->options, STR("ro")) || has_option(m->super_options, STR("ro")) ||
	       has_option(m->super_options, STR("emergency_ro"));
}

void mount_point_path(struct str point, const char *rootfs, struct buf *out)
{
	struct str root = str_of(rootfs);
	size_t start = out->n;
	while (point.n) {
		bool is_blank = str_starts(point, STR("\\040")), is_tab = str_starts(point, STR("\\011"));
		buf_char(out, is_blank ? ' ' : is_tab ? '\t' : point.p[0]);
		point = str_skip(point, is_blank || is_tab ? 4 : 1);
	}
	struct str path = str_skip(buf_view(out), start);
	if (root.n == 0 || str_eq(root, STR("/")) || !str_starts(path, root))
		return;
	memmove(out->p + start, out->p + start + root.n, path.n - root.n);
	out->n -= root.n;
	if (out->n == start)
		buf_char(out, '/');
}
