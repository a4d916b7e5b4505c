/* Random histories of a node against the real tailer, reader and positions file, and a small model of what must come out:
 *
 *   model_tail [--runs N] [--seed N] [--torn] [--dir PATH] [--verbose]
 *
 * Each seed is one history: containers log, files are rotated, compressed, removed, cut; destinations accept, wait, forget; the
 * agent is killed, stopped and started. Then everything comes to rest and the books are compared: no line may be missing
 * unless its file went while the agent could not have it open, each line is what was written, in order, and none that was
 * settled and saved comes again. A failing seed is printed; the same seed replays the same history, but for when the
 * worker is through with a save: one that passes again is to be run a hundred times. From seed 1 on, those that once showed a defect come
 * along, and some with --torn: a kill takes along what was just added to the positions. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/log.h"
#include "tests/model/fake_destination.c"
#include "tests/model/lines.c"

#include "tests/model/life.c" /* needs what stands in lines.c */
#include "tests/model/virtual_loop.c"
#include "tests/model/world.c"

#include "tests/model/kubelet.c" /* needs what stands in world.c */

enum { STEPS = 120, DEFAULT_RUNS = 600, TORN_FIRST = 1001, TORN_RUNS = 100 };

/* Histories that once showed a defect. */
static const uint64_t telling_seeds[] = {
	757, 921, 935, 1081, 1238, 1468, 1473, 1532, 1543, 1667, 1714, 1787, 2014, 2265, 2671, 2844, 3106, 3222, 4746, 11221,
	20031, 20776, 20903, 21490, 22882, 30028, 60354, 80909, 81162, 81791, 110880, 110991, 111297, 112892, 113181, 1079, 117238,
	120003, 130181, 140150,
};

struct model {
	struct world world;
	struct life *life;
	bool is_between;
};

static uint64_t current_seed;
static bool is_current_torn;

void model_report_seed(void)
{
	fprintf(stderr, "failed with --seed %llu --runs 1%s\n", (unsigned long long)current_seed, is_current_torn ? " --torn" : "");
}

static int open_descriptors(void)
{
	int count = 0;
	DIR *d = opendir("/proc/self/fd");
	while (d && readdir(d))
		count++;
	if (d)
		closedir(d);
	return count;
}

static void agent_turn(struct model *m)
{
	struct world *w = &m->world;
	uint64_t dice = world_random(w, 100);
	if (!life_is_up(m->life)) {
		if (dice < 30)
			life_start(m->life);
	} else if (dice < 4) {
		life_kill(m->life);
	} else if (dice < 7) {
		life_stop(m->life);
	} else {
		life_act(m->life);
	}
}

static void on_between(void *ctx)
{
	struct model *m = ctx;
	if (m->is_between || !world_chance(&m->world, 15))
		return;
	m->is_between = true;
	agent_turn(m);
	m->is_between = false;
}

static void pick_rules(struct world *w, struct life_rules *rules)
{
	rules->is_strict = world_chance(w, 50);
	rules->is_loose = !rules->is_strict && world_chance(w, 50);
	rules->is_ring = world_chance(w, 10);
	rules->lanes = !rules->is_ring && world_chance(w, 40) ? 2 : 1;
	rules->max_line_bytes = 262144 - 21;
	w->rules.has_pieces = !rules->is_strict;
	w->rules.has_cuts = world_chance(w, 15);
	/* Two holes look alike: of two lanes, one that is at the start of the first does not see that it has become the second. */
	w->rules.has_holes = w->rules.has_cuts && world_chance(w, 50) && rules->lanes == 1;
	rules->is_strict &= !w->rules.has_cuts; /* with its position a cut file takes along that its elders are read */
	w->rules.is_forgetful = world_chance(w, 10);
	rules->has_blocks = !rules->is_strict && !rules->is_ring && !w->rules.has_cuts && world_chance(w, 50);
	w->rules.has_blocks = rules->has_blocks;
	rules->is_patient = rules->has_blocks && !w->rules.is_forgetful && world_chance(w, 70);
	rules->open_limit = w->rules.is_forgetful ? 2 : 0;
	w->rules.has_long_lines = rules->is_strict && world_chance(w, 15);
	if (w->rules.has_long_lines)
		rules->max_line_bytes = 4096;
	world_trace(w, "rules: %zu lanes%s%s%s%s%s%s%s%s%s%s", rules->lanes, rules->is_strict ? " strict" : "", rules->is_loose ? " loose" : "",
		    rules->is_ring ? " ring" : "", w->rules.has_pieces ? " pieces" : "", w->rules.has_cuts ? " cuts" : "",
		    w->rules.has_holes ? " holes" : "", w->rules.is_forgetful ? " forgetful" : "", rules->has_blocks ? " blocks" : "", rules->is_patient ? " patient" : "", w->rules.has_long_lines ? " long" : "");
}

static void check_nothing_missing(struct model *m, const struct life_rules *rules)
{
	const struct world *w = &m->world;
	for (int i = 0; i < w->piece_count && !rules->is_ring; i++) { /* the ring is shown the newest of a backlog only */
		const struct piece *p = &w->pieces[i];
		const struct file *f = &w->files[p->file];
		for (size_t lane = 0; lane < rules->lanes; lane++) {
			bool may_wait = p->is_torn && f->place < FILE_REMOVED_; /* its writer might still come back */
			if (!p->lane[lane].is_settled && !p->lane[lane].is_excused && !may_wait)
				life_fail(m->life, "lane %zu: piece %d of log %d, file %d (ends at %llu) was lost", lane, i, p->log, p->file,
					  (unsigned long long)p->end);
		}
	}
}

static void run(uint64_t seed, bool is_torn, const char *dir, bool is_verbose)
{
	struct model m = { 0 };
	struct life_rules rules = { 0 };
	char root[200], state[300], other[320];
	current_seed = seed;
	is_current_torn = is_torn;
	snprintf(root, sizeof root, "%s/model_tail.XXXXXX", dir);
	if (!mkdtemp(root)) {
		perror(root);
		exit(1);
	}
	snprintf(state, sizeof state, "%s/positions", root);
	int descriptors = open_descriptors();
	world_open(&m.world, seed, root);
	m.world.trace = is_verbose ? stderr : NULL;
	m.world.ctx = &m;
	m.world.between = on_between;
	pick_rules(&m.world, &rules);
	rules.has_torn_saves = is_torn;
	m.life = life_new(&m.world, &rules, state);
	for (int step = 0; step < STEPS; step++) {
		world_act(&m.world);
		for (uint64_t n = world_random(&m.world, 3); n--;)
			agent_turn(&m);
	}
	m.is_between = true; /* from here on nothing comes in between */
	world_finish_lines(&m.world);
	if (!life_is_up(m.life))
		life_start(m.life);
	life_settle_down(m.life);
	check_nothing_missing(&m, &rules);
	life_stop(m.life);
	life_free(m.life);
	world_close(&m.world);
	if (open_descriptors() != descriptors) {
		fprintf(stderr, "%d descriptors were open before, %d are after\n", descriptors, open_descriptors());
		model_report_seed();
		exit(1);
	}
	static const char *const names[] = { "", ".old", ".tmp", ".bad" };
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(other, sizeof other, "%s%s", state, names[i]);
		unlink(other);
	}
	rmdir(root);
}

static const char *default_dir(void)
{
	const char *dir = getenv("TMPDIR");
	return dir && *dir ? dir : access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

int main(int argc, char **argv)
{
	uint64_t seed = 1, runs = DEFAULT_RUNS;
	const char *dir = default_dir();
	bool is_verbose = false, is_torn = false;
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		if (strcmp(argv[i], "--verbose") == 0)
			is_verbose = true;
		else if (strcmp(argv[i], "--torn") == 0)
			is_torn = true;
		else if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(value, NULL, 10), i++;
		else if (strcmp(argv[i], "--runs") == 0)
			runs = strtoull(value, NULL, 10), i++;
		else if (strcmp(argv[i], "--dir") == 0)
			dir = value, i++;
		else
			return fprintf(stderr, "usage: %s [--seed N] [--runs N] [--torn] [--dir PATH] [--verbose]\n", argv[0]), 2;
	}
	log_setup(is_verbose ? LOG_DEBUG_ : LOG_ERROR_, false);
	for (uint64_t i = 0; i < runs; i++)
		run(seed + i, is_torn, dir, is_verbose);
	for (size_t i = 0; i < COUNT_OF(telling_seeds) && seed == 1; i++)
		run(telling_seeds[i], false, dir, is_verbose);
	for (uint64_t i = 0; i < TORN_RUNS && seed == 1; i++)
		run(TORN_FIRST + i, true, dir, is_verbose);
	printf("%llu histories, seeds %llu to %llu\n", (unsigned long long)runs, (unsigned long long)seed, (unsigned long long)(seed + runs - 1));
	return 0;
}
