/* Which file Promtail's offset belongs to, and where reading begins in it. Logs have a line a second, oldest file first; what Promtail had
 * read and when it wrote its positions are given in these seconds, and so is where we begin. */
#include "agent/tail/import.h"

#include <errno.h>
#include <stdio.h>
#include <zlib.h>

#include "agent/tail/listing.h"
#include "agent/tail/tail.h"
#include "tests/unit/agent/temp_dir.h"

enum { FILES = 4, MARGIN_S = 2, LOG_BYTES = 16384 };
static const int64_t SECOND = 1000000000, BEGINNING_NS = 1714557600ll * 1000000000;

struct case_ {
	const char *name;
	struct { int first, last; bool is_gz; } files[FILES]; /* seconds of its lines; {0, 0}: no more files */
	int in, next;   /* Promtail was in this file, and would have read the line of this second next */
	int saved_s;    /* when it wrote that */
	int begin_in, begin; /* where we begin: file, second; -1: everything is new */
	int extra_bytes; /* of the offset: it stood inside of a line */
	const char *tag; /* of all lines: "F", or "P" for pieces that have no end */
};

#define LOG(first, last) { first, last, false }
#define GZ(first, last) { first, last, true }
static const struct case_ cases[] = {
	{ "no rotation: a margin before its place", { LOG(1, 30) }, 0, 21, 20, 0, 19, 0, "F" },
	{ "all of it is margin", { LOG(19, 30) }, 0, 21, 20, 0, 19, 0, "F" },
	{ "rotated meanwhile: the old file goes on", { LOG(1, 30), LOG(31, 40) }, 0, 21, 20, 0, 19, 0, "F" },
	{ "and compressed: without a margin", { GZ(1, 30), LOG(31, 40) }, 0, 21, 20, 0, 21, 0, "F" },
	{ "rotated twice, the first is compressed", { GZ(1, 30), LOG(31, 40), LOG(41, 50) }, 0, 21, 20, 0, 21, 0, "F" },
	{ "older ones are done", { GZ(1, 10), LOG(11, 20), LOG(21, 60) }, 2, 51, 50, 2, 49, 0, "F" },
	{ "just rotated, already in the new one: the margin reaches back", { LOG(1, 21), LOG(22, 40) }, 1, 23, 22, 0, 21, 0, "F" },
	{ "just rotated, still in the old one", { LOG(1, 20), LOG(21, 40) }, 0, 16, 22, 0, 16, 0, "F" },
	{ "just rotated, at the end of the old one", { LOG(1, 20), LOG(21, 40) }, 0, 21, 22, 0, 21, 0, "F" },
	{ "its file is gone: all there is is new", { LOG(31, 40), LOG(41, 50) }, -1, 5, 20, -1, 0, 0, "F" },
	{ "nothing read yet", { LOG(1, 30) }, 0, 1, 20, 0, 1, 0, "F" },
	{ "inside of a line", { LOG(1, 30) }, 0, 11, 20, 0, 11, 7, "F" },
	{ "pieces whose end has not come", { LOG(1, 30) }, 0, 21, 20, 0, 1, 0, "P" },
	{ "cut: more was read than is there", { LOG(30, 34) }, 0, 60, 40, 0, 30, 0, "F" },
};

static size_t line_at(char to[64], int second, const char *tag)
{
	return (size_t)snprintf(to, 64, "2024-05-01T10:00:%02dZ stdout %s %03d\n", second, tag, second);
}

static void write_log(const char *path, int first, int last, const char *tag, bool is_gz)
{
	char text[LOG_BYTES + 64];
	size_t n = 0;
	for (int second = first; second <= last; second++)
		n += line_at(text + n, second, tag);
	gzFile f = gzopen(path, is_gz ? "wb" : "wbT"); /* T: as it is */
	ck_assert(f && gzwrite(f, text, (unsigned)n) == (int)n && gzclose(f) == Z_OK);
}

struct rig {
	struct temp_dir dir;
	struct tail tail;
	struct counters counters;
	struct folder *folder;
	struct source *source;
	struct listed files[FILES];
	size_t count;
	struct import import;
};

static void set_up(struct rig *r, const struct case_ *c)
{
	char name[32], text[512];
	int length = c->in < 0 ? c->next : c->next - c->files[c->in].first;
	*r = (struct rig){ .dir = temp_dir_make() };
	r->tail.o.lane_count = 1;
	r->tail.o.counters = &r->counters;
	r->folder = folder_new(&r->tail, r->dir.path);
	r->folder->root_fd = os_open_root(r->dir.path);
	r->folder->owns_root_fd = true;
	r->source = source_new(r->folder, r->dir.path, "0.log", 1);
	for (; r->count < FILES && c->files[r->count].last; r->count++) {
		struct listed *file = &r->files[r->count];
		bool is_live = r->count + 1 == FILES || !c->files[r->count + 1].last;
		snprintf(name, sizeof name, is_live ? "0.log" : "0.log.%zu%s", r->count, c->files[r->count].is_gz ? ".gz" : "");
		write_log(temp_path(&r->dir, name), c->files[r->count].first, c->files[r->count].last, c->tag, c->files[r->count].is_gz);
		*file = (struct listed){ .name = strdup(name), .is_gz = c->files[r->count].is_gz, .stamp = is_live ? UINT64_MAX : r->count };
		ck_assert_int_eq(os_stat_at(r->folder->root_fd, name, &file->st), 0);
	}
	size_t line_bytes = line_at(text, 1, c->tag);
	snprintf(text, sizeof text, "positions:\n  %s/0.log: \"%zu\"\n", r->dir.path, (size_t)length * line_bytes + (size_t)c->extra_bytes);
	FILE *f = fopen(temp_path(&r->dir, "positions.yaml"), "w");
	ck_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
	int64_t saved_ns = BEGINNING_NS + c->saved_s * SECOND + SECOND / 2;
	struct timespec times[2] = { { saved_ns / SECOND, saved_ns % SECOND }, { saved_ns / SECOND, saved_ns % SECOND } };
	ck_assert_int_eq(utimensat(AT_FDCWD, r->dir.file, times, 0), 0);
	struct import_options o = { r->dir.file, true, "/var/log/pods", (MARGIN_S - 1) * 1000, 1000 };
	import_load(&r->import, &o);
	ck_assert_int_eq(r->import.saved_ns, saved_ns);
}

static void tear_down(struct rig *r)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->files[i].generation)
			generation_free(r->files[i].generation);
		free(r->files[i].name);
	}
	import_fini(&r->import);
	source_free(r->source);
	folder_free(r->folder);
	temp_dir_remove(&r->dir);
}

START_TEST(begins)
{
	const struct case_ *c = &cases[_i];
	char text[64];
	struct rig r;
	set_up(&r, c);
	ck_assert_msg(import_place(&r.import, r.folder, r.source, r.files, r.count, false), "%s: not known", c->name);
	ck_assert_msg(r.source->bare_until_ns == r.import.saved_ns + 11 * SECOND, "%s: bare until", c->name);
	size_t first = 0;
	while (first < r.count && !r.files[first].generation)
		first++;
	if (c->begin_in < 0) {
		ck_assert_msg(first == r.count && r.import.lost == 1, "%s: begins in file %zu", c->name, first);
	} else {
		const struct generation *g = first < r.count ? r.files[first].generation : NULL;
		uint64_t want = (uint64_t)(c->begin - c->files[c->begin_in].first) * line_at(text, 1, c->tag);
		ck_assert_msg((int)first == c->begin_in, "%s: begins in file %zu, want %d", c->name, first, c->begin_in);
		ck_assert_msg(g->cursors[0].read == want, "%s: begins at %llu, want %llu", c->name, (unsigned long long)g->cursors[0].read,
			      (unsigned long long)want);
		ck_assert_msg(c->files[first].is_gz || g->cursors[0].acked.bytes == (want < 64 ? want : 64), "%s: frontier", c->name);
	}
	tear_down(&r);
}
END_TEST

/* Not the log's, or not the first time. */
START_TEST(leaves_alone)
{
	struct rig r;
	set_up(&r, &cases[0]);
	ck_assert(!import_place(&r.import, r.folder, r.source, r.files, r.count, true));
	ck_assert_ptr_null(r.files[0].generation);
	ck_assert_int_ne(r.source->bare_until_ns, 0); /* but lines that come again are to be the same */
	struct source *other = source_new(r.folder, r.dir.path, "1.log", 1);
	ck_assert(!import_place(&r.import, r.folder, other, r.files, r.count, false));
	ck_assert_int_eq(other->bare_until_ns, 0);
	source_free(other);
	tear_down(&r);
}
END_TEST

/* /var/log/containers/x.log leads to the pod's log, which is known by its own name here. */
START_TEST(links_lead_to_the_log)
{
	struct temp_dir d = temp_dir_make();
	struct import import;
	char text[512], log[128], link[128];
	snprintf(log, sizeof log, "%s", temp_path(&d, "0.log"));
	snprintf(link, sizeof link, "%s", temp_path(&d, "link.log"));
	write_log(log, 1, 2, "F", false);
	ck_assert_int_eq(symlink(log, link), 0);
	snprintf(text, sizeof text, "positions:\n  %s: \"5\"\n  /var/log/pods/a_b_c/app/0.log: \"7\"\n", link);
	FILE *f = fopen(temp_path(&d, "positions.yaml"), "w");
	ck_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
	struct import_options o = { d.file, true, "/elsewhere/pods", 1000, 1000 };
	import_load(&import, &o);
	const struct promtail_position *at = map_get(&import.by_path, str_of(log));
	ck_assert(at && at->offset == 5);
	at = map_get(&import.by_path, STR("/elsewhere/pods/a_b_c/app/0.log"));
	ck_assert(at && at->offset == 7);
	import_fini(&import);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(no_file_and_no_positions)
{
	struct temp_dir d = temp_dir_make();
	struct import import;
	struct import_options o = { temp_path(&d, "none"), true, "/var/log/pods", 1000, 1000 };
	import_load(&import, &o);
	ck_assert_int_eq(import.saved_ns, 0);
	import_fini(&import);
	FILE *f = fopen(d.file, "w");
	ck_assert(f && fputs("spoor checkpoint 1\n", f) >= 0 && fclose(f) == 0);
	import_load(&import, &o);
	ck_assert_int_eq(import.saved_ns, 0);
	import_fini(&import);
	o.path = NULL;
	import_load(&import, &o);
	import_fini(&import);
	temp_dir_remove(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("import");
	TCase *tcase = tcase_create("positions");
	tcase_add_loop_test(tcase, begins, 0, COUNT_OF(cases));
	tcase_add_test(tcase, leaves_alone);
	tcase_add_test(tcase, links_lead_to_the_log);
	tcase_add_test(tcase, no_file_and_no_positions);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
