/* Folders have few wants, and files come and go more often than those do: a list, walked. */
#include "agent/tail/want.h"

#include <stdio.h>
#include <stdlib.h>

#include "parsers/bytes/hash.h"
#include "parsers/glob.h"

static struct str put(char **at, struct str s)
{
	struct str copy = { *at, s.n };
	if (s.n)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	*(*at)++ = '\0';
	return copy;
}

struct want *want_new(const struct want *like)
{
	size_t n = sizeof *like + like->labels.count * sizeof(struct label);
	const struct str texts[] = { like->glob, like->exclude, like->base, like->shown_path, like->namespace_, like->pod, like->uid,
				     like->container };
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		n += texts[i].n + 1;
	for (size_t i = 0; i < like->labels.count; i++)
		n += like->labels.at[i].name.n + like->labels.at[i].value.n + 2;
	struct want *w = malloc(n);
	if (!w)
		abort();
	*w = *like;
	w->next = NULL;
	w->labels = (struct labels){ .at = (struct label *)(void *)(w + 1), .count = like->labels.count, .room = like->labels.count };
	char *at = (char *)(w->labels.at + w->labels.count);
	struct str *const to[] = { &w->glob, &w->exclude, &w->base, &w->shown_path, &w->namespace_, &w->pod, &w->uid, &w->container };
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		*to[i] = put(&at, texts[i]);
	for (size_t i = 0; i < like->labels.count; i++) {
		w->labels.at[i].name = put(&at, like->labels.at[i].name);
		w->labels.at[i].value = put(&at, like->labels.at[i].value);
	}
	return w;
}

void want_free(struct want *w)
{
	free(w);
}

bool want_is_same(const struct want *a, const struct want *b)
{
	return a->job == b->job && a->is_native == b->is_native && a->target == b->target && str_eq(a->glob, b->glob) &&
	       str_eq(a->exclude, b->exclude) && str_eq(a->base, b->base) && str_eq(a->shown_path, b->shown_path) && labels_eq(&a->labels, &b->labels);
}

uint64_t want_target(const struct labels *labels, struct str shown_path)
{
	uint64_t hash = hash_u64(labels_hash(labels) ^ (shown_path.n ? hash_bytes(shown_path) : 0));
	return hash ? hash : 1;
}

bool want_is_packed(const struct want *w)
{
	return w->job->config->decompression.enabled;
}

bool want_takes(const struct want *w, const char *folder_path, struct str base)
{
	char path[4096];
	if (w->state == WANT_DROPPED || (w->base.n && !str_eq(w->base, base)))
		return false;
	if (w->glob.n == 0)
		return w->base.n || w->is_native;
	int n = snprintf(path, sizeof path, "%s/" STR_FMT, folder_path, STR_ARG(base));
	if (n < 0 || n >= (int)sizeof path)
		return false;
	struct str whole = { path, (size_t)n };
	return glob_match(w->glob, whole) && !(w->exclude.n && glob_match(w->exclude, whole));
}
