/* Thirty shared libraries run their initialisers once; a third of an idle agent's resident memory is that code. Only mappings
 * that are executable and not writable are touched: their pages are clean copies of files, so dropping them loses nothing. */
#include "agent/trim.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

enum { LARGE_BYTES = 8 << 20 };

void trim_set_up(void)
{
	/* A sealed batch of some 100 KiB comes and goes several times a second: from the heap, not as a mapping of its own that costs
	 * page faults each time. What the heap keeps after a peak goes back with trim_memory. */
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	mallopt(M_TRIM_THRESHOLD, LARGE_BYTES);
	mallopt(M_ARENA_MAX, 1);
}

void trim_memory(void)
{
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");
	while (maps && fgets(line, sizeof line, maps)) {
		unsigned long start, end;
		char permissions[5], file;
		int fields = sscanf(line, "%lx-%lx %4s %*s %*s %*s %c", &start, &end, permissions, &file);
		if (fields == 4 && file == '/' && permissions[0] == 'r' && permissions[1] == '-' && permissions[2] == 'x')
			madvise((void *)(uintptr_t)start, end - start, MADV_DONTNEED);
	}
	if (maps)
		fclose(maps);
	malloc_trim(0);
}
