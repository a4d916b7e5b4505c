/* What every id that is found must be: lower-case hex digits, not all of them zero. */
#ifndef FUZZ_HEX_H
#define FUZZ_HEX_H

#include <stdbool.h>
#include <stddef.h>

static bool is_lower_hex(const char *at, size_t n)
{
	bool is_zero = true;
	for (size_t i = 0; i < n; i++) {
		if (!((at[i] >= '0' && at[i] <= '9') || (at[i] >= 'a' && at[i] <= 'f')))
			return false;
		is_zero &= at[i] == '0';
	}
	return !is_zero;
}

#endif
