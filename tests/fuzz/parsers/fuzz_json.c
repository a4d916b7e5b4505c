/* Reading item by item, skipping, and walking with half of the values left unread agree on what is JSON; text is always UTF-8. */
#include <assert.h>

#include "parsers/bytes/utf8.h"
#include "parsers/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_items(struct str text)
{
	struct json j;
	struct arena arena = { 0 };
	enum json_item item;
	size_t before = 0, items = 0;
	json_init(&j, text);
	while ((item = json_next(&j)) > JSON_DONE) {
		assert(j.at > before && j.at <= text.n && j.depth <= JSON_DEPTH_MAX && ++items <= text.n);
		before = j.at;
		if (item != JSON_KEY && item != JSON_STRING)
			continue;
		struct str got = json_resolve(&j, &arena);
		assert(utf8_valid(got) == got.n && got.n <= 3 * j.raw.n);
		assert(!j.is_plain || got.p == j.raw.p);
	}
	assert((item == JSON_BAD) == (j.error != NULL) && j.at <= text.n);
	arena_fini(&arena);
	return item == JSON_DONE;
}

/* Objects and arrays to the bound's depth, with a stack of scopes; every third value is left to the reader. */
static bool walk(struct str text)
{
	struct json j;
	struct json_scope stack[JSON_DEPTH_MAX + 1];
	size_t depth = 0, turns = 0;
	json_init(&j, text);
	if (json_object(&j, &stack[0]))
		depth = 1;
	while (depth > 0) {
		struct json_scope *s = &stack[depth - 1];
		if (!(s->is_object ? json_member(&j, s) : json_element(&j, s))) {
			depth--;
			continue;
		}
		assert(++turns <= text.n);
		struct json at = j;
		int64_t number;
		struct str raw;
		if (turns % 3 == 0)
			continue;
		if (json_object(&j, &stack[depth])) {
			depth++;
			continue;
		}
		j = at;
		if (json_array(&j, &stack[depth])) {
			depth++;
			continue;
		}
		j = at;
		if (turns % 2)
			json_i64(&j, &number);
		else
			json_raw(&j, &raw);
	}
	return json_end(&j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	bool is_json = read_items(text);
	struct json j;
	json_init(&j, text);
	json_skip(&j);
	assert(json_end(&j) == is_json);
	assert(walk(text) == is_json);
	return 0;
}
