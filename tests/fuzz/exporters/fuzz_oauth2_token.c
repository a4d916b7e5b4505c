/* Answers of any token endpoint: a token that is taken lies inside the answer and can stand in a header. */
#include <assert.h>

#include "exporters/oauth2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str json = { (const char *)data, size };
	struct oauth2_token t;
	if (!oauth2_token_read(json, &t))
		return 0;
	assert(t.access_token.p >= json.p && t.access_token.p + t.access_token.n <= json.p + json.n);
	assert(t.access_token.n > 0 && t.expires_in_s >= 0);
	for (size_t i = 0; i < t.access_token.n; i++)
		assert(t.access_token.p[i] > ' ' && t.access_token.p[i] < 0x7f);
	return 0;
}
