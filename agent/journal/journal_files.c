/* Heads only: whether the objects behind it fit together, libsystemd finds out when it walks over them. */
#include "agent/journal/journal_files.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SIGNATURE_BYTES = 8, HEADER_SIZE_AT = 88, ARENA_SIZE_AT = 96, HEAD_BYTES = 104, NEW_SECONDS = 60, ID_BYTES = 32 };

static uint64_t number_at(struct str head, size_t at)
{
	uint64_t value;
	memcpy(&value, head.p + at, sizeof value);
	return le64toh(value);
}

/* One file's head: is it one of a journal, and is all of it there?  systemd: docs/JOURNAL_FILE_FORMAT.md, "Header". */
static bool is_whole(struct str head, uint64_t size_bytes)
{
	if (head.n < HEAD_BYTES || memcmp(head.p, "LPKSHHRH", SIGNATURE_BYTES) != 0)
		return false;
	uint64_t header = number_at(head, HEADER_SIZE_AT), arena = number_at(head, ARENA_SIZE_AT);
	return header >= HEAD_BYTES && header <= size_bytes && arena <= size_bytes - header;
}

static void look_at_file(int dir, const char *name, struct journal_files *out)
{
	char head[HEAD_BYTES];
	struct stat st;
	out->files++;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		out->forbidden += errno == EACCES || errno == EPERM;
		return;
	}
	ssize_t n = pread(fd, head, sizeof head, 0);
	bool is_file = n >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	bool is_new = is_file && n < HEAD_BYTES && time(NULL) - st.st_mtime < NEW_SECONDS;
	if (is_file && !is_new && !is_whole((struct str){ head, (size_t)n }, (uint64_t)st.st_size)) {
		out->damaged++;
		snprintf(out->damaged_name, sizeof out->damaged_name, "%s", name);
	}
	close(fd);
}

static bool is_journal(const char *name)
{
	struct str s = str_of(name);
	return str_ends(s, STR(".journal")) || str_ends(s, STR(".journal~"));
}

/* Calls itself for the directories in the first one, no deeper. machine: the beginning of their names, empty: any. */
static void look_at_directory(int at, const char *name, struct str machine, bool is_below, struct journal_files *out)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		out->forbidden += errno == EACCES || errno == EPERM;
		if (fd >= 0)
			close(fd);
		return;
	}
	out->is_directory |= !is_below;
	for (struct dirent *e; out->files < JOURNAL_FILES_MAX && (e = readdir(dir));) {
		if (e->d_name[0] == '.')
			continue;
		if (is_journal(e->d_name))
			look_at_file(dirfd(dir), e->d_name, out);
		else if (!is_below && e->d_type != DT_REG && str_starts(str_of(e->d_name), machine))
			look_at_directory(dirfd(dir), e->d_name, machine, true, out);
	}
	closedir(dir);
}

/* libsystemd takes the system's journal to be that of this machine, and no other that lies beside it. */
static struct str machine_id(char at[ID_BYTES])
{
	int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = fd < 0 ? -1 : read(fd, at, ID_BYTES);
	if (fd >= 0)
		close(fd);
	return n == ID_BYTES ? (struct str){ at, ID_BYTES } : (struct str){ 0 };
}

void journal_files_look(struct str path, struct journal_files *out)
{
	char name[4096], id[ID_BYTES];
	*out = (struct journal_files){ 0 };
	if (path.n == 0) {
		struct str machine = machine_id(id);
		look_at_directory(AT_FDCWD, "/var/log/journal", machine, false, out);
		look_at_directory(AT_FDCWD, "/run/log/journal", machine, false, out);
	} else if (snprintf(name, sizeof name, STR_FMT, STR_ARG(path)) < (int)sizeof name) {
		look_at_directory(AT_FDCWD, name, (struct str){ 0 }, false, out);
	}
}
