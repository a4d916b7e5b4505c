/* An instant that is taken is written and read again as the same; any number of nanoseconds can be written. */
#include <assert.h>

#include "parsers/bytes/rfc3339.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t ns, again;
	char at[RFC3339_ROOM];
	if (size >= sizeof ns) {
		memcpy(&ns, data, sizeof ns);
		assert(rfc3339_format(ns, at) == 30);
	}
	if (!rfc3339_parse((struct str){ (const char *)data, size }, &ns))
		return 0;
	struct str text = { at, rfc3339_format(ns, at) };
	bool is_nameable = str_cmp(text, STR("1970")) >= 0 && str_cmp(text, STR("2262")) < 0; /* a zone can lead out of the years */
	assert(!is_nameable || (rfc3339_parse(text, &again) && again == ns));
	return 0;
}
