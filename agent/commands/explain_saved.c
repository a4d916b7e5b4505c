/* What can be said without an agent: the positions that one has saved. The loader of checkpoints moves a damaged file aside, so it is given a
 * copy in memory. */
#include <stdio.h>
#include <unistd.h>

#include "agent/commands/explanation.h"
#include "agent/tail/checkpoint.h"

enum { POSITIONS_MOST = 256 << 20 };

static void take(struct explanation *e, const struct checkpoint_row *row)
{
	struct agent_file *f = &e->agent.files[e->agent.file_count++];
	*f = (struct agent_file){ .path = arena_copy(&e->arena, str_of(e->real)), .log = arena_copy(&e->arena, row->log), .state = STR("saved"),
				  .size_bytes = row->size_bytes > e->size_bytes ? row->size_bytes : e->size_bytes };
	for (size_t i = 0; i < row->position_count && i < EXPLAIN_LANES_MAX; i++)
		f->lanes[f->lane_count++] = (struct agent_lane){ .name = arena_copy(&e->arena, row->positions[i].destination),
								 .read_bytes = row->positions[i].acked.offset, .acked_bytes = row->positions[i].acked.offset };
}

bool explanation_saved(struct explanation *e, const char *positions)
{
	char path[64];
	struct buf bytes;
	struct checkpoint c = { 0 };
	const struct checkpoint_row *row;
	buf_init(&bytes, POSITIONS_MOST + 8192);
	int fd = os_read_file(positions, POSITIONS_MOST, &bytes) >= 0 ? os_memory_file("positions") : -1;
	struct str part = buf_view(&bytes);
	bool is_copied = fd >= 0 && os_write_at(fd, &part, 1, 0) >= 0;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (is_copied && checkpoint_load(&c, path) >= 0)
		for (size_t i = 0; (row = map_next(&c.logs, &i));)
			for (; row; row = row->next)
				if (row->identity.ino == e->ino && row->identity.dev == e->dev && e->agent.file_count < EXPLAIN_FILES_MAX)
					take(e, row);
	checkpoint_fini(&c);
	if (fd >= 0)
		close(fd);
	buf_fini(&bytes);
	return e->agent.file_count > 0;
}
