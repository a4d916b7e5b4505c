/* What is a number is that number again when it is printed; no other function takes more than its grammar. */
#include <assert.h>

#include "parsers/bytes/buf.h"
#include "parsers/bytes/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = { (const char *)data, size };
	uint64_t u, again;
	int64_t n, back;
	struct buf text;
	buf_init(&text, 64);
	if (num_u64(s, &u)) {
		buf_u64(&text, u);
		assert(num_u64(buf_view(&text), &again) && again == u && text.n <= size);
		assert(num_bytes(s, &again) && again == u);
	}
	buf_reset(&text);
	if (num_i64(s, &n)) {
		buf_printf(&text, "%lld", (long long)n);
		assert(num_i64(buf_view(&text), &back) && back == n);
	}
	buf_reset(&text);
	if (num_hex64(s, &u)) {
		buf_printf(&text, "%llx", (unsigned long long)u);
		assert(num_hex64(buf_view(&text), &again) && again == u);
	}
	buf_reset(&text);
	if (num_duration_ns(s, &n)) {
		assert(n >= 0);
		buf_printf(&text, "%lldns", (long long)n);
		assert(num_duration_ns(buf_view(&text), &back) && back == n);
	}
	num_bytes(s, &u);
	buf_fini(&text);
	return 0;
}
