/* The first line is the key, the rest is the line. An id that is found is well formed; a key that is not in the line changes nothing. */
#include <assert.h>
#include <stdint.h>

#include "parsers/level.h"
#include "parsers/trace/trace_named.h"
#include "tests/fuzz/parsers/hex_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str line = { (const char *)data, size }, key = str_cut(&line, '\n');
	struct trace_context named, usual;
	enum trace_result result = trace_find_named(line, key, &named), plain = trace_find(line, &usual);
	assert(result < TRACE_RESULTS && (plain != TRACE_VALID || result == TRACE_VALID));
	if (key.n == 0 || !line.n || !memmem(line.p, line.n, key.p, key.n))
		assert(result == plain);
	for (int form = 0; form < LINE_FORMS; form++)
		assert(level_detect_in((enum line_form)form, line) < LEVELS);
	if (result != TRACE_VALID)
		return 0;
	assert(is_lower_hex(named.trace_id, 32) && (!named.has_span || is_lower_hex(named.span_id, 16)));
	assert(named.sampled >= -1 && named.sampled <= 1);
	return 0;
}
