/* A line that is taken is taken again, with the same content, when it is written anew in the layout that Docker uses. */
#include <assert.h>

#include "parsers/bytes/rfc3339.h"
#include "parsers/dockerjson.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf scratch, other, text;
	struct runtime_line first, second;
	char at[RFC3339_ROOM];
	buf_init(&scratch, size);
	buf_init(&other, 16 * size + 256);
	buf_init(&text, 16 * size + 256);
	if (dockerjson_parse((struct str){ (const char *)data, size }, &scratch, &first)) {
		assert(first.message.n <= size);
		buf_str(&text, STR("{\"log\":\""));
		buf_json(&text, first.message);
		buf_str(&text, first.is_partial ? STR("\",\"stream\":\"") : STR("\\n\",\"stream\":\""));
		buf_str(&text, first.is_stderr ? STR("stderr\",\"time\":\"") : STR("stdout\",\"time\":\""));
		buf_append(&text, at, rfc3339_format(first.timestamp_ns, at));
		buf_str(&text, STR("\"}"));
		bool is_nameable = first.timestamp_ns >= 0 && at[0] == '2' ? memcmp(at, "2262", 4) < 0 : memcmp(at, "1970", 4) >= 0;
		assert(!is_nameable || dockerjson_parse(buf_view(&text), &other, &second));
		assert(!is_nameable || (str_eq(first.message, second.message) && first.timestamp_ns == second.timestamp_ns &&
					first.is_stderr == second.is_stderr && first.is_partial == second.is_partial));
	}
	buf_fini(&scratch);
	buf_fini(&other);
	buf_fini(&text);
	return 0;
}
