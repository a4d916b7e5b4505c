/* A kept descriptor is found by its whole path. When the table is full, the one that was not asked for the longest time makes room, but
 * only when it was out of use for long: in a cycle over more files than there is room for, throwing out would never pay.
 * Attributes come by the dozen from one folder: from the second one on they are opened beside each other, which spares the kernel the way
 * through the tree. The folder is forgotten with the next file that is read whole, so that it is never an old one of the same name.
 * A file is read until it says that it is over: a seq_file may give less than asked for long before its end. */
#include "agent/collectors/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/collectors/fields.h"
#include "parsers/bytes/array.h"
#include "parsers/bytes/map.h"
#include "parsers/bytes/num.h"

enum { CHUNK_BYTES = 16 << 10, ATTRIBUTE_MAX = 4096, UNUSED_READS = 4 * FILES_KEPT_MAX, NAMES_MAX = 1 << 17 };

struct kept {
	char *path;
	int fd;
	uint64_t used; /* the clock of its last read */
};
struct files {
	struct buf text;
	struct map by_path;
	struct kept kept[FILES_KEPT_MAX]; /* path == NULL: free */
	size_t count;
	uint64_t clock;
	char folder[PATH_MAX]; /* of the last attribute */
	size_t folder_length;
	int folder_fd; /* -1: it was met once so far */
	bool is_net_of_init;
};

struct files *files_new(void)
{
	struct files *f = calloc(1, sizeof *f);
	if (!f)
		abort();
	buf_init(&f->text, FILES_READ_MAX);
	f->folder_fd = -1;
	return f;
}

void files_take_net_of_init(struct files *f)
{
	f->is_net_of_init = true;
}

const char *files_net(const struct files *f)
{
	return f->is_net_of_init ? "/1/net" : "/net";
}

static void forget_folder(struct files *f)
{
	if (f->folder_fd >= 0)
		close(f->folder_fd);
	f->folder_fd = -1;
	f->folder_length = 0;
}

static void drop(struct files *f, struct kept *k)
{
	map_remove(&f->by_path, str_of(k->path));
	close(k->fd);
	free(k->path);
	*k = (struct kept){ 0 };
	f->count--;
}

void files_free(struct files *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < FILES_KEPT_MAX; i++)
		if (f->kept[i].path)
			drop(f, &f->kept[i]);
	forget_folder(f);
	map_fini(&f->by_path);
	buf_fini(&f->text);
	free(f);
}

static struct kept *free_place(struct files *f)
{
	struct kept *oldest = &f->kept[0];
	for (size_t i = 0; i < FILES_KEPT_MAX; i++) {
		if (!f->kept[i].path)
			return &f->kept[i];
		if (f->kept[i].used < oldest->used)
			oldest = &f->kept[i];
	}
	if (f->clock - oldest->used < UNUSED_READS)
		return NULL;
	drop(f, oldest);
	return oldest;
}

static bool keep_open(struct files *f, const char *path, int fd)
{
	struct kept *k = free_place(f);
	if (!k)
		return false;
	*k = (struct kept){ strdup(path), fd, f->clock };
	if (!k->path)
		abort();
	map_put(&f->by_path, str_of(k->path), k);
	f->count++;
	return true;
}

static int open_file(int folder_fd, const char *path)
{
	int fd = openat(folder_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

static int open_attribute(struct files *f, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;
	if (length == 0 || slash[1] == '\0')
		return open_file(AT_FDCWD, path);
	if (f->folder_length != length || memcmp(f->folder, path, length) != 0) {
		forget_folder(f);
		memcpy(f->folder, path, length);
		f->folder[length] = '\0';
		f->folder_length = length;
		return open_file(AT_FDCWD, path);
	}
	if (f->folder_fd < 0)
		f->folder_fd = open(f->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return f->folder_fd < 0 ? open_file(AT_FDCWD, path) : open_file(f->folder_fd, slash + 1);
}

static int read_whole(struct buf *text, int fd)
{
	buf_reset(text);
	for (;;) {
		size_t left = text->cap_bytes - text->n;
		char *p = buf_reserve(text, left < CHUNK_BYTES ? left : CHUNK_BYTES);
		if (!p || left == 0)
			return 0;
		ssize_t got = pread(fd, p, text->room - text->n, (off_t)text->n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		buf_grow(text, (size_t)got);
	}
}

int files_read(struct files *f, const char *root, const char *path, bool keep, struct str *out)
{
	char whole[PATH_MAX];
	*out = (struct str){ 0 };
	const char *init = f->is_net_of_init && strncmp(path, "/net/", 5) == 0 ? "/1" : "";
	int length = snprintf(whole, sizeof whole, "%s%s%s", root, init, path);
	if (length < 0 || (size_t)length >= sizeof whole)
		return -ENAMETOOLONG;
	f->clock++;
	forget_folder(f);
	struct kept *k = keep ? map_get(&f->by_path, (struct str){ whole, (size_t)length }) : NULL;
	if (k) {
		k->used = f->clock;
		if (read_whole(&f->text, k->fd) == 0) {
			*out = buf_view(&f->text);
			return 0;
		}
		drop(f, k);
	}
	int fd = open_file(AT_FDCWD, whole);
	if (fd < 0)
		return fd;
	int error = read_whole(&f->text, fd);
	if (error || !keep || !keep_open(f, whole, fd))
		close(fd);
	if (error == 0)
		*out = buf_view(&f->text);
	return error;
}

static int attribute(struct files *f, struct str *out, const char *format, va_list args)
{
	char path[PATH_MAX];
	*out = (struct str){ 0 };
	int n = vsnprintf(path, sizeof path, format, args);
	if (n < 0 || (size_t)n >= sizeof path)
		return -ENAMETOOLONG;
	int fd = open_attribute(f, path);
	if (fd < 0)
		return fd;
	buf_reset(&f->text);
	char *p = buf_reserve(&f->text, ATTRIBUTE_MAX);
	ssize_t got = p ? read(fd, p, ATTRIBUTE_MAX) : -1;
	int error = got < 0 ? -errno : 0;
	close(fd);
	if (error)
		return error;
	*out = str_trim((struct str){ p, (size_t)got });
	return 0;
}

int files_attribute(struct files *f, struct str *out, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int error = attribute(f, out, format, args);
	va_end(args);
	return error;
}

struct str files_text(struct files *f, const char *directory, const char *file)
{
	struct str text;
	return files_attribute(f, &text, "%s/%s", directory, file) < 0 ? (struct str){ 0 } : str_trim(text);
}

int files_number(struct files *f, double *out, const char *format, ...)
{
	struct str text;
	va_list args;
	va_start(args, format);
	int error = attribute(f, &text, format, args);
	va_end(args);
	if (error)
		return error;
	uint64_t hex;
	if (str_starts(text, STR("0x")) && num_hex64(str_skip(text, 2), &hex)) {
		*out = (double)hex;
		return 0;
	}
	return fields_number(text, out) ? 0 : -EINVAL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int files_list(const char *root, const char *path, bool (*fn)(void *ctx, const char *name), void *ctx)
{
	char whole[PATH_MAX];
	if (snprintf(whole, sizeof whole, "%s%s", root, path) >= (int)sizeof whole)
		return -ENAMETOOLONG;
	DIR *folder = opendir(*whole ? whole : "/");
	if (!folder)
		return -errno;
	char **names = NULL;
	size_t count = 0, room = 0;
	for (struct dirent *e; count < NAMES_MAX && (e = readdir(folder));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		names = array_room(names, count, &room, sizeof *names);
		if (!(names[count++] = strdup(e->d_name)))
			abort();
	}
	closedir(folder);
	if (count)
		qsort(names, count, sizeof *names, by_name);
	bool goes_on = true;
	for (size_t i = 0; i < count; i++) {
		goes_on = goes_on && fn(ctx, names[i]);
		free(names[i]);
	}
	free(names);
	return 0;
}

int files_link(char *to, size_t room, const char *format, ...)
{
	char path[PATH_MAX];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(path, sizeof path, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof path || room == 0)
		return -ENAMETOOLONG;
	ssize_t got = readlink(path, to, room - 1);
	if (got < 0)
		return -errno;
	to[got] = '\0';
	return (int)got;
}
