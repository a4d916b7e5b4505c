/* Tokens are a double, and waiting is cut to whole nanoseconds: a lack of less than a nanosecond's worth is none. A clock that
 * was set back adds nothing and takes nothing. */
#include "parsers/stages/token_bucket.h"

#define NS_PER_SECOND 1e9

void token_bucket_init(struct token_bucket *b, const struct token_rate *r)
{
	*b = (struct token_bucket){ .tokens = (double)r->burst, .last_ns = INT64_MIN };
}

/* Tokens when one is taken now: below zero is credit. */
static double tokens_after(const struct token_bucket *b, const struct token_rate *r, int64_t now_ns)
{
	double burst = (double)r->burst, tokens = b->tokens;
	if (b->last_ns != INT64_MIN && now_ns > b->last_ns)
		tokens += (double)(now_ns - b->last_ns) / NS_PER_SECOND * r->per_second;
	return (tokens > burst ? burst : tokens) - 1;
}

static int64_t wait_ns(const struct token_rate *r, double tokens)
{
	if (tokens >= 0)
		return 0;
	double ns = -tokens / r->per_second * NS_PER_SECOND;
	return ns >= (double)INT64_MAX ? INT64_MAX : (int64_t)ns;
}

bool token_bucket_allow(struct token_bucket *b, const struct token_rate *r, int64_t now_ns)
{
	double tokens = tokens_after(b, r, now_ns);
	if (wait_ns(r, tokens) > 0)
		return false;
	*b = (struct token_bucket){ tokens, now_ns };
	return true;
}

int64_t token_bucket_reserve_ns(struct token_bucket *b, const struct token_rate *r, int64_t now_ns)
{
	*b = (struct token_bucket){ tokens_after(b, r, now_ns), now_ns };
	return wait_ns(r, b->tokens);
}
