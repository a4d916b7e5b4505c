/* The order is the meaning: what discovery found wins over the job's defaults, relabelling sees both, and what it leaves is checked.
 * `instance` is the address unless somebody said otherwise. */
#include "agent/scrape/target_labels.h"

#include <stdio.h>

#include "parsers/bytes/num.h"
#include "parsers/bytes/utf8.h"

enum { URL_BYTES_MAX = 16 << 10 };
static const struct str param_prefix = STR("__param_");

void target_duration(struct buf *out, int64_t ms)
{
	static const struct { const char *unit; int64_t ms; bool is_exact; } units[] = {
		{ "y", 365 * 86400000ll, true }, { "w", 7 * 86400000ll, true }, { "d", 86400000, false }, { "h", 3600000, false },
		{ "m", 60000, false },           { "s", 1000, false },          { "ms", 1, false },
	};
	if (ms == 0)
		buf_str(out, STR("0s"));
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (ms < units[i].ms || (units[i].is_exact && ms % units[i].ms))
			continue;
		buf_printf(out, "%lld%s", (long long)(ms / units[i].ms), units[i].unit);
		ms %= units[i].ms;
	}
}

static void set_absent(struct target_labels *l, struct str name, struct str value)
{
	if (!labels_get(&l->discovered, name).n)
		labels_set(&l->discovered, name, value);
}

static struct str duration_text(struct arena *arena, int64_t ms)
{
	struct buf b;
	buf_init(&b, 64);
	target_duration(&b, ms);
	struct str text = arena_copy(arena, buf_view(&b));
	buf_fini(&b);
	return text;
}

static struct str joined(struct arena *arena, struct str a, struct str b)
{
	char *p = arena_alloc(arena, a.n + b.n + 1);
	memcpy(p, a.p, a.n);
	if (b.n)
		memcpy(p + a.n, b.p, b.n);
	return (struct str){ p, a.n + b.n };
}

static void put_defaults(struct target_labels *l, const struct config_metric_scrape *job)
{
	set_absent(l, STR("job"), job->job_name);
	set_absent(l, STR("__scrape_interval__"), duration_text(&l->arena, job->scrape_interval_ms));
	set_absent(l, STR("__scrape_timeout__"), duration_text(&l->arena, job->scrape_timeout_ms));
	set_absent(l, STR("__metrics_path__"), job->metrics_path);
	set_absent(l, STR("__scheme__"), job->scheme);
	for (size_t i = 0; i < job->params.count; i++)
		set_absent(l, joined(&l->arena, param_prefix, job->params.at[i].name), job->params.at[i].value);
}

/* ---- the address ---- */

static void escape(struct buf *out, struct str s, const char *others, bool blank_is_plus)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool is_plain = ascii_is_digit(c) || ascii_is_letter(c) || (c && strchr("-_.~", c)) ||
				(c && strchr(others, c));
		if (c == ' ' && blank_is_plus)
			buf_char(out, '+');
		else if (is_plain)
			buf_char(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned char)c);
	}
}

static void put_param(struct buf *url, bool *has_query, struct str name, struct str value)
{
	buf_char(url, *has_query ? '&' : '?');
	*has_query = true;
	escape(url, name, "", true);
	buf_char(url, '=');
	escape(url, value, "", true);
}

/* The label stands for the first value of its name; more values are the configuration's. */
static void put_configured(struct buf *url, bool *has_query, const struct config_labels *params, struct str name)
{
	bool is_first = true;
	for (size_t i = 0; i < params->count; i++) {
		if (!str_eq(params->at[i].name, name))
			continue;
		if (!is_first)
			put_param(url, has_query, name, params->at[i].value);
		is_first = false;
	}
}

static struct str make_url(struct target_labels *l, const struct config_metric_scrape *job)
{
	struct str path = labels_get(&l->all, STR("__metrics_path__"));
	bool has_query = false;
	struct buf url;
	buf_init(&url, URL_BYTES_MAX);
	buf_str(&url, labels_get(&l->all, STR("__scheme__")));
	buf_str(&url, STR("://"));
	buf_str(&url, labels_get(&l->all, STR("__address__")));
	if (path.n && path.p[0] != '/')
		buf_char(&url, '/');
	escape(&url, path, "$&+,/:;=@", false);
	for (size_t i = 0; i < l->all.count; i++) { /* sorted by name, as the query is to be */
		if (!str_starts(l->all.at[i].name, param_prefix))
			continue;
		struct str name = str_skip(l->all.at[i].name, param_prefix.n);
		put_param(&url, &has_query, name, l->all.at[i].value);
		put_configured(&url, &has_query, &job->params, name);
	}
	struct str text = url.is_full ? (struct str){ 0 } : arena_copy(&l->arena, buf_view(&url));
	buf_fini(&url);
	return text;
}

/* ---- checks ---- */

static bool read_times(struct target_labels *l, char err[256])
{
	struct str interval = labels_get(&l->all, STR("__scrape_interval__")), timeout = labels_get(&l->all, STR("__scrape_timeout__"));
	int64_t interval_ns = 0, timeout_ns = 0;
	if (!num_duration_ns(interval, &interval_ns) || interval_ns < 1000000) {
		snprintf(err, 256, "__scrape_interval__ is \"" STR_FMT "\": expected a duration above 0", STR_ARG(str_take(interval, 60)));
		return false;
	}
	if (!num_duration_ns(timeout, &timeout_ns) || timeout_ns < 1000000) {
		snprintf(err, 256, "__scrape_timeout__ is \"" STR_FMT "\": expected a duration above 0", STR_ARG(str_take(timeout, 60)));
		return false;
	}
	if (timeout_ns > interval_ns) {
		snprintf(err, 256, "scrape timeout cannot be greater than scrape interval (\"" STR_FMT "\" > \"" STR_FMT "\")",
			 STR_ARG(str_take(timeout, 60)), STR_ARG(str_take(interval, 60)));
		return false;
	}
	l->interval_ms = interval_ns / 1000000;
	l->timeout_ms = timeout_ns / 1000000;
	return true;
}

static bool check_address(const struct target_labels *l, char err[256])
{
	struct str address = labels_get(&l->all, STR("__address__")), scheme = labels_get(&l->all, STR("__scheme__"));
	if (!address.n) {
		snprintf(err, 256, "no address");
		return false;
	}
	for (size_t i = 0; i < address.n; i++)
		if ((unsigned char)address.p[i] <= 0x20 || address.p[i] == 0x7f || strchr("/?#@\\", address.p[i])) {
			snprintf(err, 256, "\"" STR_FMT "\" is not a valid hostname", STR_ARG(str_take(address, 100)));
			return false;
		}
	if (!str_eq(scheme, STR("http")) && !str_eq(scheme, STR("https"))) {
		snprintf(err, 256, "__scheme__ is \"" STR_FMT "\": expected http or https", STR_ARG(str_take(scheme, 60)));
		return false;
	}
	return true;
}

static bool check_values(const struct labels *all, char err[256])
{
	for (size_t i = 0; i < all->count; i++)
		if (utf8_valid(all->at[i].value) < all->at[i].value.n || utf8_valid(all->at[i].name) < all->at[i].name.n) {
			snprintf(err, 256, "a label is not UTF-8");
			return false;
		}
	return true;
}

static void split(struct target_labels *l)
{
	struct labels kept = { 0 };
	for (size_t i = 0; i < l->all.count; i++) {
		struct str name = l->all.at[i].name;
		if (!str_starts(name, STR("__meta_")))
			labels_set(&kept, name, l->all.at[i].value);
		if (!str_starts(name, STR("__")))
			labels_set(&l->shown, name, l->all.at[i].value);
	}
	labels_fini(&l->all);
	l->all = kept;
}

enum target_verdict target_labels_make(struct target_labels *out, const struct config_metric_scrape *job, const struct relabel *rules,
				       const struct discovered *found, char err[256])
{
	for (size_t i = 0; i < found->labels.count; i++)
		labels_set(&out->discovered, arena_copy(&out->arena, found->labels.at[i].name), arena_copy(&out->arena, found->labels.at[i].value));
	put_defaults(out, job);
	labels_copy(&out->all, &out->discovered);
	if (rules && !relabel_apply(rules, &out->all, &out->arena))
		return TARGET_DROPPED;
	if (!check_address(out, err) || !read_times(out, err) || !check_values(&out->all, err))
		return TARGET_INVALID;
	if (!labels_get(&out->all, STR("instance")).n)
		labels_set(&out->all, STR("instance"), labels_get(&out->all, STR("__address__")));
	split(out);
	if (out->shown.count == 0)
		return TARGET_DROPPED;
	out->url = make_url(out, job);
	if (!out->url.n)
		snprintf(err, 256, "the address with all its parameters is longer than %d bytes", URL_BYTES_MAX);
	return out->url.n ? TARGET_KEPT : TARGET_INVALID;
}

void target_labels_fini(struct target_labels *l)
{
	labels_fini(&l->discovered);
	labels_fini(&l->all);
	labels_fini(&l->shown);
	arena_fini(&l->arena);
	*l = (struct target_labels){ 0 };
}
