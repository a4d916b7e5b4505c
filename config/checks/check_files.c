/* The encoding and the compression of a job's files. Whether libc on this machine can read it the agent finds out when it starts: the
 * file may be checked elsewhere. */
#include "config/checks/check.h"
#include "config/nearest.h"
#include "config/problems.h"
#include "parsers/charset.h"

static void unknown_encoding(struct loader *r, const struct place *at, struct str name)
{
	struct nearest nearest = { 0 };
	const struct charset *c;
	for (size_t i = 0; (c = charset_at(i)); i++)
		for (struct str rest = str_of(c->names); rest.n;)
			nearest_offer(&nearest, name, str_cut(&rest, ' '));
	struct str word = nearest_word(&nearest, name);
	if (!word.n) {
		loader_error(r, at, "expected the IANA name of an encoding such as iso-8859-1, windows-1252, utf-16le, shift_jis or gbk");
		return;
	}
	loader_error(r, at, "there is no such encoding; did you mean " STR_FMT "?", STR_ARG(word));
	problems_suggest(r->problems, word);
}

static void check_decompression(struct loader *r, const struct config_scrape *job)
{
	const struct place *format = loader_field(r, &job->decompression.format), *enabled = loader_field(r, &job->decompression.enabled);
	struct str name = job->decompression.format;
	if (!job->decompression.enabled || !enabled)
		return;
	if (job->is_pods)
		loader_key_error(r, enabled, "is for files of static_configs and file_sd_configs: rotated logs of pods are read without it");
	if (!name.n)
		loader_key_error(r, format ? format : enabled, "format is missing: write format: gz");
	else if (!str_eq(name, STR("gz")) && !str_eq(name, STR("z")) && !str_eq(name, STR("bz2")))
		loader_error(r, format, "expected gz, z or bz2");
}

void check_files(struct loader *r, struct config_scrape *job)
{
	const struct place *encoding = loader_field(r, &job->encoding);
	const struct charset *charset = charset_find(job->encoding);
	check_decompression(r, job);
	if (!charset && encoding)
		unknown_encoding(r, encoding, job->encoding);
	else if (charset && charset->refused && encoding)
		loader_error(r, encoding, "%s", charset->refused);
	else if (charset && charset->iconv)
		job->charset = charset;
}
