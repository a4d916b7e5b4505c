/* What kubelet (container_log_manager.go) and runtime do to containers and their files: every step is the system call that they make,
 * on real files, with the tables of world.c kept true beside it. Included by the model, after world.c. */
#include "tests/model/world.h"

/* ---- a container's life ---- */

static void open_live(struct world *w, int log)
{
	struct log *l = &w->logs[log];
	struct file name = { .log = log };
	struct stat st;
	char path[PATH];
	file_path(w, &name, FILE_LIVE_, path);
	CHECKED(l->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
	CHECKED(fstat(l->fd, &st));
	l->file = new_file(w, log, (uint64_t)st.st_ino);
	world_trace(w, "log %d: file %d created as %s, inode %llu", log, l->file, path + strlen(w->root), (unsigned long long)st.st_ino);
}

static void new_log(struct world *w, int pod, int container, int number)
{
	if (w->log_count == MAX_LOGS)
		return;
	int log = w->log_count++;
	w->logs[log] = (struct log){ .pod = pod, .container = container, .number = number, .half = NONE, .open_message = { NONE, NONE } };
	w->pods[pod].logs[container] = log;
	open_live(w, log);
}

static void die(struct world *w, int log)
{
	struct log *l = &w->logs[log];
	if (l->fd < 0)
		return;
	if (l->half != NONE && world_chance(w, 50)) {
		struct piece *p = &w->pieces[l->half];
		p->n -= l->half_n - 1; /* the rest is the end of the text and the line feed */
		p->is_torn = true;
		written(w, l->half);
		world_trace(w, "log %d: piece %d stays torn", log, l->half);
		free(l->half_rest);
		l->half_rest = NULL;
		l->half = NONE;
	}
	complete_half(w, l);
	close(l->fd);
	l->fd = NONE;
}

static void remove_file(struct world *w, int file)
{
	char path[PATH];
	file_path(w, &w->files[file], w->files[file].place, path);
	world_trace(w, "file %d: %s removed", file, path + strlen(w->root));
	CHECKED(unlink(path));
	gone(w, file, FILE_REMOVED_);
}

static void remove_log(struct world *w, int log)
{
	die(w, log);
	for (int i = 0; i < w->file_count; i++)
		if (w->files[i].log == log && w->files[i].place < FILE_REMOVED_)
			remove_file(w, i);
	w->logs[log].is_removed = true;
}

static void restart_container(struct world *w, int log)
{
	struct log old = w->logs[log];
	world_trace(w, "log %d: container restarts", log);
	die(w, log);
	w->between(w->ctx);
	new_log(w, old.pod, old.container, old.number + 1);
	for (int i = 0; i < w->log_count; i++) { /* the kubelet keeps one dead instance */
		const struct log *l = &w->logs[i];
		if (l->pod == old.pod && l->container == old.container && l->number < old.number && !l->is_removed)
			remove_log(w, i);
	}
}

static void new_pod(struct world *w)
{
	char path[PATH];
	if (w->pod_count == MAX_PODS)
		return;
	int pod = w->pod_count++;
	struct world_pod *p = &w->pods[pod];
	*p = (struct world_pod){ .containers = 1 + (int)world_random(w, 2) };
	snprintf(p->name, sizeof p->name, "shop_web-%d_0b5e0d5c-2f4e-4a0b-9c51-%012d", pod, pod);
	snprintf(path, sizeof path, "%s/%s", w->pods_path, p->name);
	CHECKED(mkdir(path, 0755));
	for (int i = 0; i < p->containers; i++) {
		struct log place = { .pod = pod, .container = i };
		w->between(w->ctx);
		container_path(w, &place, path);
		CHECKED(mkdir(path, 0755));
		w->between(w->ctx);
		new_log(w, pod, i, 0);
	}
}

static void remove_pod(struct world *w, int pod)
{
	char path[PATH];
	world_trace(w, "pod %d: removed", pod);
	for (int i = 0; i < w->log_count; i++)
		if (w->logs[i].pod == pod && !w->logs[i].is_removed)
			remove_log(w, i);
	for (int i = 0; i < w->pods[pod].containers; i++) {
		struct log place = { .pod = pod, .container = i };
		w->between(w->ctx);
		container_path(w, &place, path);
		CHECKED(rmdir(path));
	}
	snprintf(path, sizeof path, "%s/%s", w->pods_path, w->pods[pod].name);
	CHECKED(rmdir(path));
	w->pods[pod].is_removed = true;
}

/* ---- rotation ---- */

static uint64_t inode_of(const char *path)
{
	struct stat st;
	CHECKED(stat(path, &st));
	return (uint64_t)st.st_ino;
}

static void compress_file(struct world *w, int file)
{
	char plain[PATH], gz[PATH], tmp[PATH + 8], bytes[16384];
	file_path(w, &w->files[file], FILE_PLAIN_, plain);
	file_path(w, &w->files[file], FILE_GZ_, gz);
	snprintf(tmp, sizeof tmp, "%s.tmp", gz);
	int from = open(plain, O_RDONLY | O_CLOEXEC);
	CHECKED(from);
	gzFile to = gzopen(tmp, "wb1");
	ssize_t got;
	while ((got = read(from, bytes, sizeof bytes)) > 0)
		if (gzwrite(to, bytes, (unsigned)got) != got)
			abort();
	close(from);
	gzclose(to);
	w->between(w->ctx);
	CHECKED(rename(tmp, gz));
	w->files[file].gz_ino = inode_of(gz);
	w->between(w->ctx);
	CHECKED(unlink(plain));
	w->files[file].place = FILE_GZ_;
	if (w->rules.is_forgetful && w->files[file].looked_size == 0) /* closed and never seen with a byte: nothing tells its copy */
		excuse(w, file, false);
	if (w->files[file].is_regrown && w->rules.is_forgetful) { /* positions may still know it by the head that was cut away: then its copy is nobody's */
		excuse(w, file, false);
		w->files[file].went_unseen = true;
	}
	world_trace(w, "file %d: compressed as %s", file, gz + strlen(w->root));
	w->between(w->ctx);
}

static bool is_rotated(const struct file *f, int log)
{
	return f->log == log && (f->place == FILE_PLAIN_ || f->place == FILE_GZ_);
}

/* The oldest go first; an older one never stays where a younger one goes. */
static void trim_rotated(struct world *w, int log, int keep)
{
	int rotated = 0;
	for (int i = 0; i < w->file_count; i++)
		rotated += is_rotated(&w->files[i], log);
	for (int i = 0; i < w->file_count && rotated > keep; i++) {
		if (!is_rotated(&w->files[i], log))
			continue;
		if (w->rules.has_blocks && goes_on_in(w, i))
			return;
		remove_file(w, i);
		rotated--;
	}
}

static void rotate(struct world *w, int log)
{
	struct log *l = &w->logs[log];
	char live[PATH], rotated[PATH];
	trim_rotated(w, log, KEPT_ROTATED);
	w->between(w->ctx);
	for (int i = 0; i < w->file_count; i++)
		if (w->files[i].log == log && w->files[i].place == FILE_PLAIN_)
			compress_file(w, i);
	struct file *f = &w->files[l->file];
	f->stamp = w->next_stamp++;
	file_path(w, f, FILE_LIVE_, live);
	file_path(w, f, FILE_PLAIN_, rotated);
	CHECKED(rename(live, rotated));
	f->place = FILE_PLAIN_;
	world_trace(w, "file %d: rotated to %s", l->file, rotated + strlen(w->root));
	w->between(w->ctx);
	if (world_chance(w, 50)) /* the runtime has not reopened yet */
		write_lines(w, log, 1 + (int)world_random(w, 3));
	complete_half(w, l);
	if (world_chance(w, 5)) { /* nor will it: the kubelet puts the file back */
		w->between(w->ctx);
		CHECKED(rename(rotated, live));
		w->files[l->file].place = FILE_LIVE_;
		world_trace(w, "file %d: renamed back", l->file);
		return;
	}
	w->between(w->ctx);
	close(l->fd);
	open_live(w, log);
}

/* Somebody empties the live file under the runtime. It writes on at the end (O_APPEND), or, as json-file once did, where it was:
 * behind a hole. */
static void cut(struct world *w, int log)
{
	struct log *l = &w->logs[log];
	complete_half(w, l);
	struct file old = w->files[l->file];
	CHECKED(ftruncate(l->fd, 0));
	int old_file = l->file;
	gone(w, old_file, FILE_CUT_);
	l->file = new_file(w, log, old.ino);
	w->files[l->file].is_regrown = true;
	world_trace(w, "file %d: cut at %llu, file %d goes on in it", old_file, (unsigned long long)old.size, l->file);
	for (int i = 0; i < w->piece_count; i++)
		if (w->pieces[i].file == old_file && w->pieces[i].previous != NONE)
			sever(w, old_file, w->pieces[i].previous);
	bool has_hole = w->rules.has_holes && world_chance(w, 50);
	for (int stream = 0; stream < 2; stream++) {
		if (l->open_message[stream] != NONE)
			sever(w, old_file, l->open_message[stream]);
		/* Of a file that was read and is as long as before nobody sees that it was cut: what was open goes on with the next line. */
		l->is_severed[stream] |= has_hole && l->open_message[stream] != NONE;
		l->open_message[stream] = NONE;
	}
	if (has_hole) {
		CHECKED(ftruncate(l->fd, (off_t)old.size));
		w->files[l->file].size = old.size;
	}
}

/* ---- the whole ---- */

static int some_log(struct world *w, bool must_live)
{
	for (int tries = 0; tries < 50 && w->log_count; tries++) {
		int log = (int)world_random(w, (uint64_t)w->log_count);
		if (must_live ? w->logs[log].fd >= 0 : !w->logs[log].is_removed)
			return log;
	}
	return NONE;
}

void world_act(struct world *w)
{
	uint64_t dice = world_random(w, 100);
	int living = 0, log = some_log(w, true);
	for (int i = 0; i < w->pod_count; i++)
		living += !w->pods[i].is_removed;
	if (living == 0 || (living < 2 && dice < 3)) {
		new_pod(w);
	} else if (living > 1 && dice < 3) {
		remove_pod(w, w->pods[0].is_removed ? w->pod_count - 1 : 0);
	} else if (log == NONE) {
		new_pod(w);
	} else if (dice < 6) {
		restart_container(w, log);
	} else if (dice < 24) {
		rotate(w, log);
	} else if (dice < 26) {
		trim_rotated(w, log, (int)world_random(w, 3));
	} else if (dice < 30 && w->rules.has_cuts) {
		cut(w, log);
	} else {
		append(w, log);
	}
}

void world_finish_lines(struct world *w)
{
	for (int i = 0; i < w->log_count; i++) {
		if (w->logs[i].fd < 0)
			continue;
		complete_half(w, &w->logs[i]);
		for (int stream = 0; stream < 2; stream++)
			if (w->logs[i].open_message[stream] != NONE)
				write_piece(w, i, stream, true);
	}
}

static int64_t base_of_timestamps(void)
{
	struct tm t = { .tm_year = 126, .tm_mon = 10, .tm_mday = 21, .tm_hour = 9 };
	return (int64_t)timegm(&t) * 1000000000;
}

void world_open(struct world *w, uint64_t seed, const char *root)
{
	*w = (struct world){ .random = seed * 0x2545f4914f6cdd1du + 1, .base_ns = base_of_timestamps() };
	snprintf(w->root, sizeof w->root, "%s", root);
	snprintf(w->pods_path, sizeof w->pods_path, "%s/pods", root);
	CHECKED(mkdir(w->pods_path, 0755));
}

void world_close(struct world *w)
{
	for (int i = 0; i < w->pod_count; i++)
		if (!w->pods[i].is_removed)
			remove_pod(w, i);
	CHECKED(rmdir(w->pods_path));
	for (int i = 0; i < w->piece_count; i++)
		free(w->pieces[i].text);
	free(w->pieces);
	free(w->files);
}
