/* Objects of another kind than pods, against a server that plays a script: a kind that is not there, junk, versions that are too old, pages, rights. */
#include "agent/kubernetes/api_objects.h"

#include "tests/unit/agent/kube_rig.h"

#define OBJECT(name, version, spec)                                                                                                 \
	"{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"ns\",\"resourceVersion\":\"" version "\"},\"spec\":{\"jobLabel\":\"" spec "\"}}"
#define FROM(version) "&resourceVersion=" version " HTTP"

static const struct play {
	const char *name;
	struct step steps[8];
	const char *known;       /* names and specs, in the end */
	const char *error;       /* part of the last one; "": none */
} plays[] = {
	{ "a list, a watch, and one that goes on where it ended",
	  { { "/things?resourceVersion=0 HTTP", 200, LIST("5", OBJECT("a", "3", "1") "," OBJECT("b", "4", "1")), WHOLE, 0 },
	    { FROM("5"), 200, EVENT("MODIFIED", OBJECT("b", "6", "2")) EVENT("ADDED", OBJECT("c", "7", "1")) EVENT("DELETED", OBJECT("a", "8", "1")) BOOKMARK("9"),
	      STREAM_ENDS, 0 },
	    { FROM("9"), 200, EVENT("DELETED", OBJECT("c", "10", "1")), STREAM_OPEN, 0 } },
	  "b=2 ", "" },
	{ "the version is too old, said by an event",
	  { { NULL, 200, LIST("5", OBJECT("a", "3", "1")), WHOLE, 0 }, { FROM("5"), 200, EVENT("ERROR", STATUS("410", "Expired", "too old")), STREAM_ENDS, 0 },
	    { "?resourceVersion=0 HTTP", 200, LIST("50", OBJECT("b", "40", "1")), WHOLE, 0 }, { FROM("50"), 200, "", STREAM_OPEN, 0 } },
	  "b=1 ", "" },
	{ "the version is too old, said by the status",
	  { { NULL, 200, LIST("5", OBJECT("a", "3", "1")), WHOLE, 0 }, { FROM("5"), 410, STATUS("410", "Expired", "too old"), WHOLE, 0 },
	    { "?resourceVersion=0 HTTP", 200, LIST("50", OBJECT("b", "40", "1")), WHOLE, 0 }, { FROM("50"), 200, "", STREAM_OPEN, 0 } },
	  "b=1 ", "" },
	{ "junk in the watch: a list",
	  { { NULL, 200, LIST("5", OBJECT("a", "3", "1")), WHOLE, 0 }, { FROM("5"), 200, EVENT("MODIFIED", OBJECT("a", "6", "2")) "<html>\n", STREAM_OPEN, 0 },
	    { "?resourceVersion=0 HTTP", 200, LIST("50", OBJECT("a", "6", "2")), WHOLE, 0 }, { FROM("50"), 200, "", STREAM_OPEN, 0 } },
	  "a=2 ", "" },
	{ "an event of no kind, and one without a version",
	  { { NULL, 200, LIST("5", ""), WHOLE, 0 }, { FROM("5"), 200, "{\"type\":\"EXPLODED\",\"object\":{}}\n", STREAM_ENDS, 0 },
	    { "?resourceVersion=0 HTTP", 200, LIST("6", ""), WHOLE, 0 }, { FROM("6"), 200, "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"x\"}}}\n", STREAM_ENDS, 0 },
	    { "?resourceVersion=0 HTTP", 200, LIST("7", ""), WHOLE, 0 }, { FROM("7"), 200, "", STREAM_OPEN, 0 } },
	  "", "" },
	{ "a list that is none takes nothing away",
	  { { NULL, 200, LIST("5", OBJECT("a", "3", "1")), WHOLE, 0 }, { FROM("5"), 410, "", WHOLE, 0 }, { NULL, 200, "<html>", WHOLE, 0 }, { NULL, 200, "", NOTHING, 0 } },
	  "a=1 ", "cannot be read" },
	{ "the kind is gone: there are none, and that is no error",
	  { { NULL, 200, LIST("5", OBJECT("a", "3", "1")), WHOLE, 0 }, { FROM("5"), 404, STATUS("404", "NotFound", "x"), WHOLE, 0 }, { NULL, 404, "404 page not found", WHOLE, 0 } },
	  "", "" },
	{ "no right: it is said which",
	  { { NULL, 403, STATUS("403", "Forbidden", "no"), WHOLE, 0 }, { NULL, 200, "", NOTHING, 0 } }, "", "403: no: the right to things" },
	{ "pages, for what is too large at once",
	  { { "?resourceVersion=0 HTTP", 200, "", HUGE_, 0 }, { "?limit=250 HTTP", 200, PAGE("7", "a+b", OBJECT("a", "3", "1")), WHOLE, 0 },
	    { "?limit=250&continue=a%2Bb HTTP", 200, LIST("7", OBJECT("b", "4", "1")), WHOLE, 0 }, { FROM("7"), 200, "", STREAM_OPEN, 0 } },
	  "a=1 b=1 ", "" },
};

struct objects_rig { struct kube_rig rig; struct api_objects *objects; const struct play *play; };

static void on_changed(void *ctx)
{
	struct kube_rig *r = ctx;
	r->lists++;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static const char *known(const struct api_objects *a)
{
	static char text[512], names[16][32];
	const struct object *o;
	size_t count = 0, n = 0;
	for (size_t i = 0; count < 16 && (o = object_table_next(api_objects_table(a), &i)); count++)
		snprintf(names[count], sizeof names[0], STR_FMT "=%.1s ", STR_ARG(o->name), o->spec.p + sizeof "{\"jobLabel\":");
	qsort(names, count, sizeof names[0], by_name);
	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s", names[i]);
	return text;
}

static bool is_over(struct kube_rig *r)
{
	const struct objects_rig *o = (const struct objects_rig *)(const void *)r;
	struct api_objects_status s;
	api_objects_status(o->objects, &s);
	bool is_told = o->play->error[0] ? strstr(s.error, o->play->error) != NULL : s.error[0] == '\0';
	return r->wrong[0] || ((size_t)r->server.requests >= r->step_count && strcmp(known(o->objects), o->play->known) == 0 && is_told);
}

START_TEST(play)
{
	struct objects_rig o = { .play = &plays[_i] };
	struct arena arena = { 0 };
	struct kubernetes_where where;
	size_t steps = 0;
	while (steps < COUNT_OF(plays[0].steps) && o.play->steps[steps].status)
		steps++;
	rig_open(&o.rig, o.play->steps, steps);
	const struct kubernetes_around around = { .node_name = STR("node-1") };
	kubernetes_where(&o.rig.config.kubernetes, &around, &arena, &where);
	o.objects = api_objects_start(&(struct api_objects_options){ .where = &where, .path = "/things", .kind = "Things", .right = "the right to things",
								      .loop = o.rig.loop, .changed = on_changed, .ctx = &o.rig });
	ck_assert_ptr_nonnull(o.objects);
	bool is_done = rig_run(&o.rig, is_over);
	struct api_objects_status s;
	api_objects_status(o.objects, &s);
	ck_assert_msg(!o.rig.wrong[0], "%s: %s", o.play->name, o.rig.wrong);
	ck_assert_msg(is_done, "%s: known \"%s\", error \"%s\"; asked:\n" STR_FMT, o.play->name, known(o.objects), s.error, STR_ARG(buf_view(&o.rig.asked)));
	api_objects_stop(o.objects);
	rig_close(&o.rig);
	arena_fini(&arena);
}
END_TEST

int main(void)
{
	log_setup(LOG_ERROR_, false);
	Suite *s = suite_create("api_objects");
	TCase *t = tcase_create("api_objects");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, play, 0, (int)COUNT_OF(plays));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
