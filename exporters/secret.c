/* Rotation is not atomic everywhere: a file may be empty or gone for a moment. So a bad read never replaces a good value. */
#include "exporters/secret.h"

#include <errno.h>
#include <stdio.h>

enum { SECRET_MAX = 64 * 1024 };

static void wipe(struct buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->room);
	buf_fini(b);
}

void secret_init(struct secret *s, struct str literal, struct str path)
{
	*s = (struct secret){ .path = path };
	buf_init(&s->value, SECRET_MAX);
	if (path.n == 0)
		buf_str(&s->value, literal);
}

void secret_fini(struct secret *s)
{
	wipe(&s->value);
	*s = (struct secret){ 0 };
}

static struct str trim(struct str s)
{
	while (s.n && ascii_is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

static const char *fault_of(const struct buf *content, struct str value, int64_t status)
{
	if (content->is_full)
		return "is larger than 64 KiB";
	if (status < 0)
		return strerror((int)-status);
	if (value.n == 0)
		return "is empty";
	return str_has_control(value) ? "has a line break or another control byte inside" : NULL;
}

int secret_read(struct secret *s, const struct secret_door *door, char err[256])
{
	struct buf content;
	int result = 0;
	if (s->path.n == 0)
		return 0;
	buf_init(&content, SECRET_MAX);
	int64_t status = door->read_file ? door->read_file(door->ctx, s->path, &content) : -ENOSYS;
	struct str value = trim(buf_view(&content));
	const char *fault = fault_of(&content, value, status);
	if (fault) {
		snprintf(err, 256, STR_FMT ": %s", STR_ARG(str_take(s->path, 180)), fault);
		result = -1;
	} else if (!str_eq(value, buf_view(&s->value))) {
		wipe(&s->value);
		buf_str(&s->value, value);
		result = 1;
	}
	wipe(&content);
	return result;
}
