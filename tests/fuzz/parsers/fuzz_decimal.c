/* A number that is read agrees with libc's in its last bit, and what is printed reads back as the same number. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "parsers/decimal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	double value, back;
	char text[DECIMAL_ROOM];
	if (!decimal_parse((struct str){ (const char *)data, size }, &value))
		return 0;
	char *copy = malloc(size + 1), *end;
	memcpy(copy, data, size);
	copy[size] = 0;
	double want = strtod(copy, &end);
	assert(end == copy + size && (value == want || (isnan(value) && isnan(want))));
	size_t n = decimal_print(value, text);
	assert(n < DECIMAL_ROOM && decimal_parse((struct str){ text, n }, &back));
	assert(back == value || (isnan(back) && isnan(value)));
	free(copy);
	return 0;
}
