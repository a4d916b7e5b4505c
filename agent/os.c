/* Thin on purpose: no policy, no logging, no retries but EINTR. What a call may touch is decided by its arguments: everything
 * below a root goes through openat2, which refuses links and ".." inside the kernel, so there is no gap between check and use. */
#include "agent/os.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { PATH_ROOM = 4096 };

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t os_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t os_wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

int os_open_root(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_beneath(int dirfd, const char *name, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				.mode = flags & O_CREAT ? 0600 : 0,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	long fd;
	do
		fd = syscall(SYS_openat2, dirfd, *name ? name : ".", &how, sizeof how);
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return fd < 0 ? -errno : (int)fd;
}

int os_open_beneath(int dirfd, const char *name)
{
	/* Reading a log must not write to its inode; only its owner (or CAP_FOWNER) may ask for that. */
	int fd = open_beneath(dirfd, name, O_RDONLY | O_NOATIME);
	return fd == -EPERM ? open_beneath(dirfd, name, O_RDONLY) : fd;
}

static int64_t stamp_ns(struct statx_timestamp t)
{
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

static int stat_into(int dirfd, const char *name, int flags, struct os_file *out)
{
	struct statx st;
	if (statx(dirfd, name, flags | AT_STATX_DONT_SYNC, STATX_BASIC_STATS | STATX_BTIME, &st) < 0)
		return -errno;
	*out = (struct os_file){
		.dev = makedev(st.stx_dev_major, st.stx_dev_minor),
		.ino = st.stx_ino,
		.size_bytes = st.stx_size,
		.links = st.stx_nlink,
		.birth_ns = st.stx_mask & STATX_BTIME ? stamp_ns(st.stx_btime) : 0,
		.mtime_ns = stamp_ns(st.stx_mtime),
		.is_regular = S_ISREG(st.stx_mode),
		.is_directory = S_ISDIR(st.stx_mode),
		.is_link = S_ISLNK(st.stx_mode),
		.blocks = st.stx_blocks,
	};
	return 0;
}

int os_stat_fd(int fd, struct os_file *out)
{
	return stat_into(fd, "", AT_EMPTY_PATH, out);
}

int os_stat_at(int dirfd, const char *name, struct os_file *out)
{
	return stat_into(dirfd, name, AT_SYMLINK_NOFOLLOW, out);
}

int os_read_link_at(int dirfd, const char *name, char *to, size_t room)
{
	ssize_t n = readlinkat(dirfd, name, to, room - 1);
	if (n < 0)
		return -errno;
	to[n] = '\0';
	return (size_t)n == room - 1 ? -ENAMETOOLONG : (int)n;
}

ssize_t os_pread(int fd, void *to, size_t n, uint64_t offset)
{
	ssize_t got;
	do
		got = pread(fd, to, n, (off_t)offset);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

int64_t os_next_data(int fd, uint64_t offset)
{
	off_t at = lseek(fd, (off_t)offset, SEEK_DATA);
	return at < 0 ? -errno : (int64_t)at;
}

void os_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

int os_list(int dirfd, const char *name, bool (*fn)(void *ctx, const char *entry, unsigned char d_type), void *ctx)
{
	struct os_file st;
	int fd = open_beneath(dirfd, name, O_RDONLY | O_DIRECTORY), error = 0;
	if (fd < 0)
		return fd;
	/* A directory that was removed while dirfd was held would only look empty: readdir takes the kernel's -ENOENT for its end. */
	DIR *dir = os_stat_fd(fd, &st) >= 0 && st.links == 0 ? NULL : fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOENT;
	}
	for (bool goes_on = true; goes_on;) {
		errno = 0;
		const struct dirent *e = readdir(dir);
		if (!e) {
			error = -errno;
			break;
		}
		bool is_dot = e->d_name[0] == '.' && (!e->d_name[1] || (e->d_name[1] == '.' && !e->d_name[2]));
		goes_on = is_dot || fn(ctx, e->d_name, e->d_type);
	}
	closedir(dir);
	return error;
}

int os_read_file(const char *path, size_t cap_bytes, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), result = 0;
	if (fd < 0)
		return -errno;
	for (size_t total = 0;;) {
		char *at = buf_reserve(out, 4096);
		ssize_t got = at ? read(fd, at, 4096) : -1;
		if (got < 0 && at && errno == EINTR)
			continue;
		if (got < 0 || (total += (size_t)got) > cap_bytes) {
			result = !at || got >= 0 ? -EFBIG : -errno;
			break;
		}
		if (got == 0)
			break;
		buf_grow(out, (size_t)got);
	}
	close(fd);
	return result;
}

static int write_all(int fd, struct str bytes)
{
	while (bytes.n) {
		ssize_t done = write(fd, bytes.p, bytes.n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		bytes = str_skip(bytes, (size_t)done);
	}
	return 0;
}

static int sync_folder_of(const char *path)
{
	char folder[PATH_ROOM];
	const char *slash = strrchr(path, '/');
	snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	int fd = open(*folder ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int result = fsync(fd) < 0 ? -errno : 0;
	close(fd);
	return result;
}

int os_replace_file(const char *path, struct str bytes)
{
	char fresh[PATH_ROOM], old[PATH_ROOM];
	if (snprintf(fresh, sizeof fresh, "%s.tmp", path) >= (int)sizeof fresh || snprintf(old, sizeof old, "%s.old", path) >= (int)sizeof old)
		return -ENAMETOOLONG;
	/* A crash here leaves a torn .tmp that nobody reads; path is untouched. */
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	int result = write_all(fd, bytes);
	/* Without this the rename could reach the disk before the bytes do: a file full of NULs after power loss. */
	if (result == 0 && fsync(fd) < 0)
		result = -errno;
	close(fd);
	if (result < 0) {
		unlink(fresh);
		return result;
	}
	/* Keeps what was there, for the case that the new content is unreadable; between the two steps path still exists. */
	unlink(old);
	if (link(path, old) < 0 && errno != ENOENT && errno != EPERM)
		result = -errno;
	if (rename(fresh, path) < 0)
		return -errno;
	/* The rename itself is only durable once the folder is. */
	int synced = sync_folder_of(path);
	return result < 0 ? 0 : synced;
}

int os_append_file(const char *path, struct str bytes)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int result = write_all(fd, bytes);
	close(fd);
	return result;
}

int os_make_directory(const char *path)
{
	char part[PATH_ROOM];
	if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
		return -ENAMETOOLONG;
	for (char *slash = part + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	if (mkdir(part, 0750) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	struct stat st;
	return stat(part, &st) < 0 ? -errno : S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int os_create_beneath(int dirfd, const char *name)
{
	return open_beneath(dirfd, name, O_RDWR | O_CREAT);
}

int os_memory_file(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int os_write_at(int fd, const struct str *parts, size_t count, uint64_t offset)
{
	enum { PARTS_MAX = 4 };
	struct iovec at[PARTS_MAX];
	size_t skip = 0, total = 0;
	if (count > PARTS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < count; i++)
		total += parts[i].n;
	while (skip < total) {
		size_t used = 0, before = 0;
		for (size_t i = 0; i < count; before += parts[i++].n) {
			struct str left = str_skip(parts[i], skip > before ? skip - before : 0);
			/* The kernel only reads from it; struct iovec serves both directions. */
			memcpy(&at[used].iov_base, &left.p, sizeof left.p);
			at[used].iov_len = left.n;
			used += left.n > 0;
		}
		ssize_t done = pwritev(fd, at, (int)used, (off_t)(offset + skip));
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -EIO;
		skip += (size_t)done;
	}
	return 0;
}

int os_truncate(int fd, uint64_t n)
{
	return ftruncate(fd, (off_t)n) < 0 ? -errno : 0;
}

int os_unlink_at(int dirfd, const char *name)
{
	return unlinkat(dirfd, name, 0) < 0 ? -errno : 0;
}

int os_duplicate(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return copy < 0 ? -errno : copy;
}

int os_sync(int fd)
{
	return fdatasync(fd) < 0 ? -errno : 0;
}
