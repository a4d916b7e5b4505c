/* A queue of questions, one bcrypt at a time, and a table of answers: HMAC-SHA256 of user, password and hash under a random key, so that
 * a memory dump holds no password and a change of the hash makes the old answer unfindable. Wrong passwords are remembered too: who sends
 * one with every scrape costs one hash, not one each time. When the table is full, an answer is overwritten in turn. */
#include "agent/web/web_auth.h"

#include <crypt.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>

#include "agent/worker.h"

enum { DIGEST = 32, ANSWERS = 128, HEADER_MOST = 2048 };

struct answer { unsigned char digest[DIGEST]; bool is_there, is_allowed; };
struct question {
	struct question *next;
	struct web_auth *auth;
	unsigned char digest[DIGEST];
	char *password, *hash; /* owned */
	bool is_known, is_allowed; /* known: there is such a user */
	web_auth_done *done; /* NULL: cancelled */
	void *ctx;
};
struct web_auth {
	struct worker *worker;
	struct question *first, *running;
	unsigned char key[DIGEST];
	struct answer answers[ANSWERS];
	size_t next_answer;
};

struct web_auth *web_auth_new(struct loop *loop)
{
	struct web_auth *a = calloc(1, sizeof *a);
	if (!a)
		abort();
	a->worker = worker_new(loop);
	if (a->worker && gnutls_rnd(GNUTLS_RND_KEY, a->key, sizeof a->key) == 0)
		return a;
	worker_free(a->worker);
	free(a);
	return NULL;
}

static void free_text(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

static void question_free(struct question *q)
{
	if (!q)
		return;
	free_text(q->password);
	free_text(q->hash);
	free(q);
}

void web_auth_free(struct web_auth *a)
{
	if (!a)
		return;
	worker_free(a->worker);
	question_free(a->running);
	for (struct question *q = a->first, *next; q; q = next) {
		next = q->next;
		question_free(q);
	}
	explicit_bzero(a->key, sizeof a->key);
	free(a);
}

static const struct answer *find(const struct web_auth *a, const unsigned char digest[DIGEST])
{
	for (size_t i = 0; i < ANSWERS; i++)
		if (a->answers[i].is_there && memcmp(a->answers[i].digest, digest, DIGEST) == 0)
			return &a->answers[i];
	return NULL;
}

static bool is_same(const char *a, const char *b)
{
	size_t n = strlen(a);
	unsigned char differs = 0;
	if (n != strlen(b))
		return false;
	for (size_t i = 0; i < n; i++)
		differs |= (unsigned char)(a[i] ^ b[i]);
	return !differs;
}

/* On the thread. */
static void hash(void *ctx)
{
	struct question *q = ctx;
	struct crypt_data *data = calloc(1, sizeof *data);
	if (!data)
		abort();
	const char *made = crypt_rn(q->password, q->hash, data, (int)sizeof *data);
	q->is_allowed = made && is_same(made, q->hash) && q->is_known;
	explicit_bzero(data, sizeof *data);
	free(data);
}

static void start_next(struct web_auth *a);

static void on_hashed(void *ctx)
{
	struct question *q = ctx;
	struct web_auth *a = q->auth;
	struct answer *at = &a->answers[a->next_answer++ % ANSWERS];
	*at = (struct answer){ .is_there = true, .is_allowed = q->is_allowed };
	memcpy(at->digest, q->digest, DIGEST);
	a->running = NULL;
	if (q->done)
		q->done(q->ctx, q->is_allowed);
	question_free(q);
	start_next(a);
}

/* The answer may have come meanwhile: many scrapes begin with the same question. */
static void start_next(struct web_auth *a)
{
	while (a->first && !a->running) {
		struct question *q = a->first;
		const struct answer *known = find(a, q->digest);
		a->first = q->next;
		if (q->done && !known && worker_run(a->worker, hash, on_hashed, q)) {
			a->running = q;
			return;
		}
		if (q->done)
			q->done(q->ctx, known && known->is_allowed);
		question_free(q);
	}
}

static char *copy(struct str s)
{
	char *text = calloc(1, s.n + 1);
	if (!text)
		abort();
	if (s.n)
		memcpy(text, s.p, s.n);
	return text;
}

static void digest(const struct web_auth *a, struct str credentials, struct str hashed, unsigned char out[DIGEST])
{
	struct buf b;
	buf_init(&b, HEADER_MOST * 2);
	buf_str(&b, credentials);
	buf_char(&b, '\0');
	buf_str(&b, hashed);
	if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, a->key, sizeof a->key, b.p, b.n, out) < 0)
		abort();
	explicit_bzero(b.p, b.n);
	buf_fini(&b);
}

static void push(struct web_auth *a, struct question *q)
{
	struct question **end = &a->first;
	while (*end)
		end = &(*end)->next;
	*end = q;
}

/* "user:password" is what the header says. */
static enum web_verdict judge(struct web_auth *a, const struct web_config *c, struct str credentials, web_auth_done *done, void *ctx)
{
	unsigned char is[DIGEST];
	struct str password = credentials, user = str_cut(&password, ':');
	const struct web_user *found = NULL;
	if (str_find(credentials, '\0') < credentials.n || str_find(credentials, ':') == credentials.n)
		return WEB_DENIED;
	for (size_t i = 0; i < c->user_count; i++)
		if (str_eq(c->users[i].name, user))
			found = &c->users[i];
	struct str hashed = found ? found->hash : c->users[0].hash; /* of somebody, for the time that it takes */
	digest(a, credentials, hashed, is);
	const struct answer *known = find(a, is);
	if (known)
		return known->is_allowed ? WEB_ALLOWED : WEB_DENIED;
	struct question *q = calloc(1, sizeof *q);
	if (!q)
		abort();
	*q = (struct question){ .auth = a, .password = copy(password), .hash = copy(hashed), .is_known = found != NULL, .done = done, .ctx = ctx };
	memcpy(q->digest, is, DIGEST);
	push(a, q);
	if (!a->running)
		start_next(a);
	return WEB_PENDING;
}

enum web_verdict web_auth_check(struct web_auth *a, const struct web_config *c, struct str header, web_auth_done *done, void *ctx)
{
	if (!c || !c->user_count)
		return WEB_ALLOWED;
	struct str coded = str_skip(header, 6);
	if (header.n > HEADER_MOST || !str_ieq(str_take(header, 6), STR("basic ")) || !coded.n)
		return WEB_DENIED;
	gnutls_datum_t in = { (unsigned char *)(uintptr_t)coded.p, (unsigned)coded.n }, out = { 0 };
	if (gnutls_base64_decode2(&in, &out) < 0)
		return WEB_DENIED;
	enum web_verdict verdict = judge(a, c, (struct str){ (const char *)out.data, out.size }, done, ctx);
	explicit_bzero(out.data, out.size);
	gnutls_free(out.data);
	return verdict;
}

void web_auth_cancel(struct web_auth *a, const void *ctx)
{
	if (!a)
		return;
	if (a->running && a->running->ctx == ctx)
		a->running->done = NULL;
	for (struct question *q = a->first; q; q = q->next)
		if (q->ctx == ctx)
			q->done = NULL;
}
