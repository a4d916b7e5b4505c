/* A token bucket: `burst` tokens at first, `rate` more each second, never above the burst. Meaning and rounding are those of
 * golang.org/x/time/rate, on which Promtail's limits rest. {0} with token_bucket_init. */
#ifndef PARSERS_STAGES_TOKEN_BUCKET_H
#define PARSERS_STAGES_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct token_bucket {
	double tokens;
	int64_t last_ns; /* tokens were right then */
};
struct token_rate { double per_second; int64_t burst; };

void token_bucket_init(struct token_bucket *b, const struct token_rate *r);
/* Takes a token if there is one. */
bool token_bucket_allow(struct token_bucket *b, const struct token_rate *r, int64_t now_ns);
/* Takes a token in any case, on credit if need be: returns how long its owner must wait, 0 when it was there. */
int64_t token_bucket_reserve_ns(struct token_bucket *b, const struct token_rate *r, int64_t now_ns);

#endif
