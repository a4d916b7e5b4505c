/* The encoding of a job's files. Whether libc on this machine can read it the agent finds out when it starts: the file may be checked elsewhere. */
#include "config/check.h"
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

void check_files(struct loader *r, struct config_scrape *job)
{
	const struct place *encoding = loader_field(r, &job->encoding);
	const struct charset *charset = charset_find(job->encoding);
	if (!charset && encoding)
		unknown_encoding(r, encoding, job->encoding);
	else if (charset && charset->refused && encoding)
		loader_error(r, encoding, "%s", charset->refused);
	else if (charset && charset->iconv)
		job->charset = charset;
}
