/* iconv's names are chosen by what Go's decoders make of bytes: its EUC-KR, Shift_JIS, EUC-JP and Big5 are the larger sets that the Web knows
 * under these names. Left out are one that libc cannot read, and EBCDIC, whose lines do not end with 0x0A: Promtail takes its names, waits for
 * that byte and never sends a line (tests/e2e/48_job_files.py). */
#include "parsers/charset.h"

#define EBCDIC "EBCDIC is not read, its lines end otherwise: have the program write UTF-8"
#define SINGLE(names, iconv) { names, iconv, CHARSET_BYTES, true, NULL }

static const struct charset charsets[] = {
	SINGLE("utf-8 csutf8", NULL),
	SINGLE("us-ascii ansi_x3.4-1968 ansi_x3.4-1986 ibm367 cp367 iso646-us iso_646.irv:1991 iso-ir-6 us csascii", "ASCII"),
	SINGLE("iso-8859-1 iso_8859-1 iso_8859-1:1987 iso-ir-100 latin1 l1 ibm819 cp819 csisolatin1", "ISO-8859-1"),
	SINGLE("iso-8859-2 iso_8859-2 iso_8859-2:1987 iso-ir-101 latin2 l2 csisolatin2", "ISO-8859-2"),
	SINGLE("iso-8859-3 iso_8859-3 iso_8859-3:1988 iso-ir-109 latin3 l3 csisolatin3", "ISO-8859-3"),
	SINGLE("iso-8859-4 iso_8859-4 iso_8859-4:1988 iso-ir-110 latin4 l4 csisolatin4", "ISO-8859-4"),
	SINGLE("iso-8859-5 iso_8859-5 iso_8859-5:1988 iso-ir-144 cyrillic csisolatincyrillic", "ISO-8859-5"),
	SINGLE("iso-8859-6 iso_8859-6 iso_8859-6:1987 iso-ir-127 ecma-114 asmo-708 arabic csisolatinarabic iso-8859-6-e iso_8859-6-e csiso88596e "
	       "iso-8859-6-i iso_8859-6-i csiso88596i", "ISO-8859-6"),
	SINGLE("iso-8859-7 iso_8859-7 iso_8859-7:1987 iso-ir-126 elot_928 ecma-118 greek greek8 csisolatingreek", "ISO-8859-7"),
	SINGLE("iso-8859-8 iso_8859-8 iso_8859-8:1988 iso-ir-138 hebrew csisolatinhebrew iso-8859-8-e iso_8859-8-e csiso88598e iso-8859-8-i "
	       "iso_8859-8-i csiso88598i", "ISO-8859-8"),
	SINGLE("iso-8859-9 iso_8859-9 iso_8859-9:1989 iso-ir-148 latin5 l5 csisolatin5", "ISO-8859-9"),
	SINGLE("iso-8859-10 iso_8859-10:1992 iso-ir-157 latin6 l6 csisolatin6", "ISO-8859-10"),
	SINGLE("iso-8859-13 csiso885913", "ISO-8859-13"),
	SINGLE("iso-8859-14 iso_8859-14 iso_8859-14:1998 iso-ir-199 iso-celtic latin8 l8 csiso885914", "ISO-8859-14"),
	SINGLE("iso-8859-15 iso_8859-15 latin-9 csiso885915", "ISO-8859-15"),
	SINGLE("iso-8859-16 iso_8859-16 iso_8859-16:2001 iso-ir-226 latin10 l10 csiso885916", "ISO-8859-16"),
	SINGLE("windows-874 cswindows874", "CP874"),
	SINGLE("windows-1250 cswindows1250", "CP1250"),
	SINGLE("windows-1251 cswindows1251", "CP1251"),
	SINGLE("windows-1252 cswindows1252", "CP1252"),
	SINGLE("windows-1253 cswindows1253", "CP1253"),
	SINGLE("windows-1254 cswindows1254", "CP1254"),
	SINGLE("windows-1255 cswindows1255", "CP1255"),
	SINGLE("windows-1256 cswindows1256", "CP1256"),
	SINGLE("windows-1257 cswindows1257", "CP1257"),
	SINGLE("windows-1258 cswindows1258", "CP1258"),
	SINGLE("koi8-r cskoi8r", "KOI8-R"),
	SINGLE("koi8-u cskoi8u", "KOI8-U"),
	SINGLE("macintosh mac csmacintosh", "MACINTOSH"),
	SINGLE("ibm437 cp437 437 cspc8codepage437", "IBM437"),
	SINGLE("ibm850 cp850 850 cspc850multilingual", "IBM850"),
	SINGLE("ibm852 cp852 852 cspcp852", "IBM852"),
	SINGLE("ibm855 cp855 855 csibm855", "IBM855"),
	SINGLE("ibm00858 cp00858 ccsid00858 pc-multilingual-850+euro csibm00858", "CP858"),
	SINGLE("ibm860 cp860 860 csibm860", "IBM860"),
	SINGLE("ibm862 cp862 862 cspc862latinhebrew", "IBM862"),
	SINGLE("ibm863 cp863 863 csibm863", "IBM863"),
	SINGLE("ibm865 cp865 865 csibm865", "IBM865"),
	SINGLE("ibm866 cp866 866 csibm866", "IBM866"),
	SINGLE("gbk cp936 ms936 windows-936 csgbk", "GBK"),
	SINGLE("gb18030 csgb18030", "GB18030"),
	SINGLE("big5 csbig5", "BIG5-HKSCS"),
	SINGLE("shift_jis ms_kanji csshiftjis", "CP932"),
	SINGLE("euc-jp extended_unix_code_packed_format_for_japanese cseucpkdfmtjapanese", "EUC-JP-MS"),
	SINGLE("euc-kr cseuckr", "UHC"),
	{ "iso-2022-jp csiso2022jp", "ISO-2022-JP", CHARSET_BYTES, false, NULL },
	{ "utf-16 csutf16", "UTF-16", CHARSET_PAIRS_MARKED, false, NULL },
	{ "utf-16be csutf16be", "UTF-16BE", CHARSET_PAIRS_BE, false, NULL },
	{ "utf-16le csutf16le", "UTF-16LE", CHARSET_PAIRS_LE, false, NULL },
	{ "ibm037 cp037 ebcdic-cp-us ebcdic-cp-ca ebcdic-cp-wt ebcdic-cp-nl csibm037", NULL, CHARSET_BYTES, false, EBCDIC },
	{ "ibm1047 ibm-1047 csibm1047", NULL, CHARSET_BYTES, false, EBCDIC },
	{ "ibm01140 cp01140 ccsid01140 ebcdic-us-37+euro csibm01140", NULL, CHARSET_BYTES, false, EBCDIC },
	{ "hz-gb-2312", NULL, CHARSET_BYTES, false, "libc cannot read it: have the program write UTF-8, or GBK" },
};

const struct charset *charset_find(struct str name)
{
	name = str_trim(name);
	for (size_t i = 0; i < COUNT_OF(charsets) && name.n; i++)
		for (struct str rest = str_of(charsets[i].names); rest.n;)
			if (str_ieq(str_cut(&rest, ' '), name))
				return &charsets[i];
	return name.n ? NULL : &charsets[0];
}

const struct charset *charset_at(size_t i)
{
	return i < COUNT_OF(charsets) ? &charsets[i] : NULL;
}

enum charset_units charset_resolve(enum charset_units units, struct str head)
{
	if (units != CHARSET_PAIRS_MARKED)
		return units;
	return str_starts(head, STR("\xff\xfe")) ? CHARSET_PAIRS_LE : CHARSET_PAIRS_BE;
}

size_t charset_feed(enum charset_units units, struct str s, uint64_t offset)
{
	if (units == CHARSET_BYTES)
		return str_find(s, '\n');
	/* The byte 0x0A is looked for, which is rare; it counts when it is the right half of a pair, and the other half is NUL. */
	size_t low = units == CHARSET_PAIRS_LE ? 0 : 1;
	for (size_t i = 0; i < s.n; i++) {
		i += str_find(str_skip(s, i), '\n');
		bool is_half = i < s.n && (offset + i) % 2 == low;
		if (is_half && (low ? i > 0 && s.p[i - 1] == '\0' : i + 1 < s.n && s.p[i + 1] == '\0'))
			return i - low;
	}
	return s.n;
}
