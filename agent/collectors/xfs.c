/* XFS counters per filesystem: /sys/fs/xfs/DEVICE/stats/stats, lines of a word and numbers. kernel: fs/xfs/xfs_stats.c
 * A line that an older kernel does not have counts as zeros; a line of another length than we know is left out. */
#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/storage_texts.h"
#include "agent/collectors/words.h"

enum { XFS_NUMBERS_MAX = 16 };

enum line { EXTENT_ALLOC, ABT, BLK_MAP, BMBT, DIR, IG, RW, VNODES, LINES };
static const struct { struct str word; size_t least, most; } lines[LINES] = {
	[EXTENT_ALLOC] = { { "extent_alloc", 12 }, 4, 4 },
	[ABT] = { { "abt", 3 }, 4, 4 },
	[BLK_MAP] = { { "blk_map", 7 }, 7, 7 },
	[BMBT] = { { "bmbt", 4 }, 4, 4 },
	[DIR] = { { "dir", 3 }, 4, 4 },
	[IG] = { { "ig", 2 }, 7, 7 },
	[RW] = { { "rw", 2 }, 2, 2 },
	[VNODES] = { { "vnodes", 6 }, 7, 8 }, /* the eighth since Linux 3.x: free */
};

static const struct { const char *name, *help; enum line line; size_t at; } metrics[] = {
	{ "node_xfs_extent_allocation_extents_allocated_total", "Number of extents allocated for a filesystem.", EXTENT_ALLOC, 0 },
	{ "node_xfs_extent_allocation_blocks_allocated_total", "Number of blocks allocated for a filesystem.", EXTENT_ALLOC, 1 },
	{ "node_xfs_extent_allocation_extents_freed_total", "Number of extents freed for a filesystem.", EXTENT_ALLOC, 2 },
	{ "node_xfs_extent_allocation_blocks_freed_total", "Number of blocks freed for a filesystem.", EXTENT_ALLOC, 3 },
	{ "node_xfs_allocation_btree_lookups_total", "Number of allocation B-tree lookups for a filesystem.", ABT, 0 },
	{ "node_xfs_allocation_btree_compares_total", "Number of allocation B-tree compares for a filesystem.", ABT, 1 },
	{ "node_xfs_allocation_btree_records_inserted_total", "Number of allocation B-tree records inserted for a filesystem.", ABT,
	  2 },
	{ "node_xfs_allocation_btree_records_deleted_total", "Number of allocation B-tree records deleted for a filesystem.", ABT,
	  3 },
	{ "node_xfs_block_mapping_reads_total", "Number of block map for read operations for a filesystem.", BLK_MAP, 0 },
	{ "node_xfs_block_mapping_writes_total", "Number of block map for write operations for a filesystem.", BLK_MAP, 1 },
	{ "node_xfs_block_mapping_unmaps_total", "Number of block unmaps (deletes) for a filesystem.", BLK_MAP, 2 },
	{ "node_xfs_block_mapping_extent_list_insertions_total", "Number of extent list insertions for a filesystem.", BLK_MAP, 3 },
	{ "node_xfs_block_mapping_extent_list_deletions_total", "Number of extent list deletions for a filesystem.", BLK_MAP, 4 },
	{ "node_xfs_block_mapping_extent_list_lookups_total", "Number of extent list lookups for a filesystem.", BLK_MAP, 5 },
	{ "node_xfs_block_mapping_extent_list_compares_total", "Number of extent list compares for a filesystem.", BLK_MAP, 6 },
	{ "node_xfs_block_map_btree_lookups_total", "Number of block map B-tree lookups for a filesystem.", BMBT, 0 },
	{ "node_xfs_block_map_btree_compares_total", "Number of block map B-tree compares for a filesystem.", BMBT, 1 },
	{ "node_xfs_block_map_btree_records_inserted_total", "Number of block map B-tree records inserted for a filesystem.", BMBT,
	  2 },
	{ "node_xfs_block_map_btree_records_deleted_total", "Number of block map B-tree records deleted for a filesystem.", BMBT,
	  3 },
	{ "node_xfs_directory_operation_lookup_total",
	  "Number of file name directory lookups which miss the operating systems directory name lookup cache.", DIR, 0 },
	{ "node_xfs_directory_operation_create_total", "Number of times a new directory entry was created for a filesystem.", DIR,
	  1 },
	{ "node_xfs_directory_operation_remove_total", "Number of times an existing directory entry was created for a filesystem.",
	  DIR, 2 },
	{ "node_xfs_directory_operation_getdents_total",
	  "Number of times the directory getdents operation was performed for a filesystem.", DIR, 3 },
	{ "node_xfs_inode_operation_attempts_total", "Number of times the OS looked for an XFS inode in the inode cache.", IG, 0 },
	{ "node_xfs_inode_operation_found_total", "Number of times the OS looked for and found an XFS inode in the inode cache.",
	  IG, 1 },
	{ "node_xfs_inode_operation_recycled_total",
	  "Number of times the OS found an XFS inode in the cache, but could not use it as it was being recycled.", IG, 2 },
	{ "node_xfs_inode_operation_missed_total",
	  "Number of times the OS looked for an XFS inode in the cache, but did not find it.", IG, 3 },
	{ "node_xfs_inode_operation_duplicates_total",
	  "Number of times the OS tried to add a missing XFS inode to the inode cache, but found it had already been added by another process.",
	  IG, 4 },
	{ "node_xfs_inode_operation_reclaims_total",
	  "Number of times the OS reclaimed an XFS inode from the inode cache to free memory for another purpose.", IG, 5 },
	{ "node_xfs_inode_operation_attribute_changes_total",
	  "Number of times the OS explicitly changed the attributes of an XFS inode.", IG, 6 },
	{ "node_xfs_read_calls_total", "Number of read(2) system calls made to files in a filesystem.", RW, 1 },
	{ "node_xfs_write_calls_total", "Number of write(2) system calls made to files in a filesystem.", RW, 0 },
	{ "node_xfs_vnode_active_total", "Number of vnodes not on free lists for a filesystem.", VNODES, 0 },
	{ "node_xfs_vnode_allocate_total", "Number of times vn_alloc called for a filesystem.", VNODES, 1 },
	{ "node_xfs_vnode_get_total", "Number of times vn_get called for a filesystem.", VNODES, 2 },
	{ "node_xfs_vnode_hold_total", "Number of times vn_hold called for a filesystem.", VNODES, 3 },
	{ "node_xfs_vnode_release_total", "Number of times vn_rele called for a filesystem.", VNODES, 4 },
	{ "node_xfs_vnode_reclaim_total", "Number of times vn_reclaim called for a filesystem.", VNODES, 5 },
	{ "node_xfs_vnode_remove_total", "Number of times vn_remove called for a filesystem.", VNODES, 6 },
};

static bool read_line(struct str words[XFS_NUMBERS_MAX + 1], size_t count, enum line line, double out[XFS_NUMBERS_MAX])
{
	if (count - 1 < lines[line].least || count - 1 > lines[line].most)
		return false;
	for (size_t i = 1; i < count; i++)
		if (!words_unsigned(words[i], &out[i - 1]))
			return false;
	return true;
}

void xfs_parse(struct sheet *s, struct str device, struct str text)
{
	double numbers[LINES][XFS_NUMBERS_MAX] = { 0 };
	bool is_bad[LINES] = { false };
	while (text.n > 0) {
		struct str words[XFS_NUMBERS_MAX + 1];
		size_t count = words_split(str_cut(&text, '\n'), words, COUNT_OF(words));
		for (size_t i = 0; i < LINES && count > 1; i++)
			if (str_eq(words[0], lines[i].word))
				is_bad[i] = !read_line(words, count, (enum line)i, numbers[i]);
	}
	for (size_t i = 0; i < COUNT_OF(metrics); i++)
		if (!is_bad[metrics[i].line])
			sheet_add(s, METRIC_COUNTER, metrics[i].name, metrics[i].help, numbers[metrics[i].line][metrics[i].at],
				{ "device", device });
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, c->out);
	struct names devices;
	names_read(&devices, &s.memory, "%s/fs/xfs", c->roots->sys);
	for (size_t i = 0; i < devices.count; i++) {
		struct str text;
		if (files_read(c->files, c->roots->sys, sheet_text(&s, "/fs/xfs/%s/stats/stats", devices.at[i]), true, &text) == 0)
			xfs_parse(&s, str_of(devices.at[i]), text);
	}
	sheet_write(&s);
	return 0; /* a host without XFS is a success without samples */
}

const struct collector collector_xfs = { .name = "xfs", .is_default = true, .update = update };
