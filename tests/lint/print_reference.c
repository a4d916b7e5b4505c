/* docs/CONFIGURATION.md on standard output: print_reference > docs/CONFIGURATION.md. docs.sh compares the two. */
#include <stdio.h>

#include "config/schema/reference.h"

int main(void)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	config_reference_print(&out);
	bool is_whole = !out.is_full && fwrite(out.p, 1, out.n, stdout) == out.n && fflush(stdout) == 0;
	buf_fini(&out);
	return is_whole ? 0 : 1;
}
