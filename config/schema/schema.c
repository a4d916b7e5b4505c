/* A definition for each section and each list element of the table, and one for each type. What YAML writes without quotes may arrive as
 * a number or a boolean where a text is meant, and what stands in quotes as a text where a number is meant: the loader takes both, and so
 * do the types here. The root tells a native file from a Promtail's and a Prometheus' by the keys that shape.c goes by. */
#include "config/schema/schema.h"

#include "config/loader.h"

#define NAME "[A-Za-z_][A-Za-z0-9_]*"
#define SCALAR "\"type\":[\"string\",\"number\",\"boolean\",\"null\"]"
#define UNIT "(ns|us|\\u00b5s|\\u03bcs|ms|s|m|h|d|w|y)"
#define SIZE(units) "\"anyOf\":[{\"type\":\"integer\",\"minimum\":0},{\"type\":\"string\",\"pattern\":\"^[0-9]+" units "$\"},{\"type\":\"null\"}]"

static const struct { const char *name, *body; } types[] = {
	{ "text", SCALAR },
	{ "flag", "\"enum\":[true,false,null,\"true\",\"false\",\"True\",\"False\",\"TRUE\",\"FALSE\",\"yes\",\"no\",\"Yes\",\"No\",\"YES\",\"NO\","
		  "\"on\",\"off\",\"On\",\"Off\",\"ON\",\"OFF\"]" },
	{ "duration", "\"anyOf\":[{\"type\":\"string\",\"pattern\":\"^(0|(([0-9]+(\\\\.[0-9]+)?|\\\\.[0-9]+)" UNIT ")+)$\"},{\"const\":0},"
		      "{\"type\":\"null\"}]" },
	{ "size", SIZE("([kKmMgGtT]?[iI]?[bB]?)") },
	{ "nothing", "\"anyOf\":[{\"enum\":[null,[],{},\"\"]},{\"type\":\"object\",\"additionalProperties\":{\"enum\":[null,[],{},\"\"]}}]" },
	{ "texts", "\"type\":[\"array\",\"null\"],\"items\":{" SCALAR "}" },
	{ "names", "\"type\":[\"object\",\"null\"],\"additionalProperties\":{" SCALAR "}" },
	{ "lists", "\"type\":[\"object\",\"null\"],\"additionalProperties\":{\"$ref\":\"#/$defs/texts\"}" },
	{ "labels", "\"type\":[\"object\",\"null\"],\"maxProperties\":64,\"propertyNames\":{\"pattern\":\"^(?!__)" NAME "$\"},"
		    "\"additionalProperties\":{" SCALAR "}" },
	{ "target_labels", "\"type\":[\"object\",\"null\"],\"maxProperties\":64,\"propertyNames\":{\"pattern\":\"^" NAME "$\",\"not\":{\"const\":"
			   "\"__name__\"}},\"additionalProperties\":{" SCALAR "}" },
	{ "static_labels", "\"type\":[\"object\",\"null\"],\"propertyNames\":{\"pattern\":\"^" NAME "$\"},\"properties\":{\"__path__\":{\"type\":"
			   "\"string\",\"pattern\":\"^/\"},\"__path_exclude__\":{\"type\":\"string\",\"pattern\":\"^/\"}},"
			   "\"additionalProperties\":{" SCALAR "}" },
	{ "headers", "\"type\":[\"object\",\"null\"],\"additionalProperties\":{\"type\":[\"object\",\"null\"],\"properties\":{\"values\":"
		     "{\"$ref\":\"#/$defs/texts\"},\"secrets\":{\"$ref\":\"#/$defs/texts\"}},\"additionalProperties\":false}" },
};

/* Which of them a row is; NULL: its type depends on its range, or it is one of the others below. */
static const char *const type_of[OPTION_KINDS] = {
	[OPTION_STR] = "text",
	[OPTION_SECRET] = "text",
	[OPTION_TEXT] = "text",
	[OPTION_BOOL] = "flag",
	[OPTION_DURATION] = "duration",
	[OPTION_BYTES] = "size",
	[OPTION_BASE2] = "size",
	[OPTION_STRINGS] = "texts",
	[OPTION_LABELS] = "labels",
	[OPTION_TARGET_LABELS] = "target_labels",
	[OPTION_STATIC_LABELS] = "static_labels",
	[OPTION_SECRET_MAP] = "names",
	[OPTION_MAP] = "names",
	[OPTION_PARAMS] = "lists",
	[OPTION_HTTP_HEADERS] = "headers",
	[OPTION_STAGES] = "stages",
};

void schema_string(struct str s, struct buf *out)
{
	buf_char(out, '"');
	buf_json(out, s);
	buf_char(out, '"');
}

/* "logs.clients[]" -> "#/$defs/logs.clients" */
static void print_path(struct str path, struct buf *out)
{
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] != '[' && path.p[i] != ']')
			buf_char(out, path.p[i]);
}

static void print_ref(struct str name, struct buf *out)
{
	buf_str(out, STR("\"$ref\":\"#/$defs/"));
	print_path(name, out);
	buf_char(out, '"');
}

/* ---- one key ---- */

static void print_whole_number(const struct option *o, struct buf *out)
{
	struct str least, most;
	option_range(o, &least, &most);
	buf_str(out, STR("\"anyOf\":[{\"type\":\"integer\""));
	if (least.n)
		buf_printf(out, ",\"minimum\":" STR_FMT, STR_ARG(least));
	if (most.n)
		buf_printf(out, ",\"maximum\":" STR_FMT, STR_ARG(most));
	buf_str(out, STR("},{\"type\":\"string\",\"pattern\":\"^-?[0-9]+$\"},{\"type\":\"null\"}]"));
}

/* In YAML the words true and false are no texts. */
static void print_words(const struct option *o, struct buf *out)
{
	buf_str(out, STR("\"enum\":["));
	for (struct str rest = str_of(o->range); rest.n;) {
		struct str word = str_cut(&rest, '|');
		schema_string(word, out);
		if (str_eq(word, STR("true")) || str_eq(word, STR("false")))
			buf_printf(out, "," STR_FMT, STR_ARG(word));
		buf_char(out, ',');
	}
	buf_str(out, *o->fallback ? STR("null]") : STR("\"\",null]"));
}

/* A pattern for the word. */
static void print_any_case(struct str word, struct buf *out)
{
	for (size_t i = 0; i < word.n; i++) {
		char c = ascii_lower(word.p[i]);
		if (c >= 'a' && c <= 'z')
			buf_printf(out, "[%c%c]", c, (char)(c - 'a' + 'A'));
		else
			buf_char(out, c);
	}
}

/* Words in any case, such as the actions of relabelling: the usual spelling for editors to offer, a pattern for the others. */
static void print_loose_words(const struct option *o, struct buf *out)
{
	buf_str(out, STR("\"anyOf\":[{\"enum\":["));
	for (struct str rest = str_of(o->range); rest.n;) {
		schema_string(str_cut(&rest, '|'), out);
		buf_char(out, ',');
	}
	buf_str(out, STR("null]},{\"type\":\"string\",\"pattern\":\"^("));
	for (struct str rest = str_of(o->range); rest.n;) {
		struct str word = str_cut(&rest, '|');
		print_any_case(word, out);
		buf_str(out, rest.n ? STR("|") : STR(""));
	}
	buf_str(out, STR(")$\"}]"));
}

/* Of a key that is refused: what is empty, and what happens anyway. */
static void print_nothing(const struct option *o, struct buf *out)
{
	bool is_word = str_eq(str_of(o->fallback), STR("false")) || str_eq(str_of(o->fallback), STR("true"));
	buf_str(out, STR("\"deprecated\":true,\"anyOf\":[{"));
	print_ref(STR("nothing"), out);
	if (is_word)
		buf_printf(out, "},{\"const\":%s", o->fallback);
	if (*o->fallback) {
		buf_str(out, STR("},{\"type\":\"string\",\"pattern\":\"^"));
		print_any_case(str_of(o->fallback), out);
		buf_str(out, STR("$\""));
	}
	buf_str(out, STR("}]"));
}

static void print_array(const struct option *o, struct buf *out)
{
	struct str least, most;
	option_range(o, &least, &most);
	buf_printf(out, "\"type\":[\"array\",\"null\"],\"maxItems\":" STR_FMT ",\"items\":{", STR_ARG(most));
	print_ref(str_of(o->path), out);
	buf_char(out, '}');
}

static void print_type(const struct option *o, struct buf *out)
{
	if (o->kind == OPTION_CHOICE)
		print_words(o, out);
	else if (o->kind == OPTION_TEXT && *o->range)
		print_loose_words(o, out);
	else if (o->kind == OPTION_INT || o->kind == OPTION_COUNT)
		print_whole_number(o, out);
	else if (o->kind == OPTION_LIST)
		print_array(o, out);
	else if (o->kind == OPTION_SECTION)
		print_ref(str_of(o->path), out);
	else if (o->kind == OPTION_ONE)
		print_ref(str_of(o->range), out);
	else if (o->kind == OPTION_REFUSED)
		print_nothing(o, out);
	else if (o->kind == OPTION_IGNORED)
		buf_str(out, STR("\"deprecated\":true"));
	else if (type_of[o->kind])
		print_ref(str_of(type_of[o->kind]), out);
}

static void print_default(const struct option *o, struct buf *out)
{
	if (!value_is_scalar(o->kind) || !*o->fallback)
		return;
	buf_str(out, STR(",\"default\":"));
	if (o->kind == OPTION_BOOL || o->kind == OPTION_INT || o->kind == OPTION_COUNT)
		buf_str(out, str_of(o->fallback));
	else
		schema_string(str_of(o->fallback), out);
}

/* Help, and the bounds that a pattern cannot say. */
static void print_description(const struct option *o, struct buf *out)
{
	struct str least, most;
	option_range(o, &least, &most);
	buf_str(out, STR(",\"description\":\""));
	buf_json(out, str_of(o->help));
	if (least.n && (o->kind == OPTION_DURATION || o->kind == OPTION_BYTES || o->kind == OPTION_BASE2))
		buf_printf(out, " From " STR_FMT " to " STR_FMT ".", STR_ARG(least), STR_ARG(most));
	buf_char(out, '"');
}

static void print_property(const struct option *o, struct buf *out)
{
	schema_string(option_key(o), out);
	buf_str(out, STR(":{"));
	size_t from = out->n;
	print_type(o, out);
	print_default(o, out);
	size_t before = out->n;
	print_description(o, out);
	if (before == from && out->n > before) /* nothing stands before the comma */
		out->p[before] = ' ';
	buf_char(out, '}');
}

/* ---- a section ---- */

/* Whether an element cannot do without it: the word is the table's. */
static bool is_required(const struct option *o)
{
	return value_is_scalar(o->kind) && str_ends(option_section(o), STR("[]")) && strstr(o->help, "Required");
}

static void print_keys_of(struct str section, const char *const *but, size_t *count, struct buf *out)
{
	const struct option *o;
	for (size_t i = 0; (o = option_at(i)); i++) {
		bool is_left_out = !str_eq(option_section(o), section);
		for (size_t k = 0; but && but[k] && !is_left_out; k++)
			is_left_out = str_eq(option_key(o), str_of(but[k]));
		if (is_left_out)
			continue;
		buf_str(out, (*count)++ ? STR(",\n ") : STR("\n "));
		print_property(o, out);
	}
}

static void print_required(struct str section, struct buf *out)
{
	const struct option *o;
	size_t count = 0;
	for (size_t i = 0; (o = option_at(i)); i++) {
		if (!str_eq(option_section(o), section) || !is_required(o))
			continue;
		buf_str(out, count++ ? STR(",") : STR(",\"required\":["));
		schema_string(option_key(o), out);
	}
	buf_str(out, count ? STR("]") : STR(""));
}

static void print_section(const struct option *section, struct buf *out)
{
	size_t count = 0;
	bool is_element = section->kind == OPTION_LIST;
	buf_char(out, '"');
	print_path(str_of(section->path), out);
	buf_str(out, is_element ? STR("\":{\"type\":\"object\",\"description\":") : STR("\":{\"type\":[\"object\",\"null\"],\"description\":"));
	schema_string(str_of(section->help), out);
	print_required(str_of(section->path), out);
	buf_str(out, STR(",\"additionalProperties\":false,\"properties\":{"));
	print_keys_of(str_of(section->path), NULL, &count, out);
	buf_str(out, STR("}},\n"));
}

/* ---- whose file it is ---- */

static void print_shape(const char *name, const char *section, const char *const *but, struct buf *out)
{
	size_t count = 0;
	buf_printf(out, "\"%s\":{\"type\":[\"object\",\"null\"],\"additionalProperties\":false,\"properties\":{", name);
	if (*section)
		print_keys_of(str_of(section), NULL, &count, out);
	print_keys_of((struct str){ 0 }, but, &count, out);
	buf_str(out, STR("}},\n"));
}

static void print_any_required(const char *const *keys, struct buf *out)
{
	for (size_t i = 0; keys[i]; i++)
		buf_printf(out, "%s{\"required\":[\"%s\"]}", i ? "," : "", keys[i]);
}

/* if .. then .. else if .. */
static void print_root(struct buf *out)
{
	buf_str(out, STR("\"if\":{\"anyOf\":[{\"required\":[\"logs\"]},{\"required\":[\"metrics\"]}]},\n\"then\":{\"$ref\":\"#/$defs/native\"},\n"
			 "\"else\":{\"if\":{\"anyOf\":["));
	print_any_required(shape_keys[SHAPE_PROMTAIL], out);
	buf_str(out, STR("]},\n\"then\":{\"$ref\":\"#/$defs/promtail\"},\n\"else\":{\"if\":{\"anyOf\":["));
	print_any_required(shape_keys[SHAPE_PROMETHEUS], out);
	buf_str(out, STR(",{\"required\":[\"global\"],\"properties\":{\"global\":{\"type\":\"object\",\"anyOf\":["));
	print_any_required(shape_keys[SHAPE_PROMETHEUS_GLOBAL], out);
	buf_str(out, STR("]}}}]},\n\"then\":{\"$ref\":\"#/$defs/prometheus\"},\n\"else\":{\"if\":{\"required\":[\"scrape_configs\"]},\n\"then\":{\"anyOf\":"
			 "[{\"$ref\":\"#/$defs/promtail\"},{\"$ref\":\"#/$defs/prometheus\"}]},\n\"else\":{\"$ref\":\"#/$defs/native\"}}}}\n"));
}

void config_schema_print(struct buf *out)
{
	static const char *const nested[] = { "logs", "metrics", "scrape_configs", NULL };
	static const char *const of_prometheus[] = { "logs", "metrics", "scrape_configs", "global", "tracing", NULL };
	const struct option *o;
	buf_str(out, STR("{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\n\"title\":\"Spoor " SPOOR_VERSION "\",\n\"$defs\":{\n"));
	for (size_t i = 0; i < COUNT_OF(types); i++)
		buf_printf(out, "\"%s\":{%s},\n", types[i].name, types[i].body);
	schema_stages_print(out);
	for (size_t i = 0; (o = option_at(i)); i++)
		if (o->kind == OPTION_SECTION || o->kind == OPTION_LIST)
			print_section(o, out);
	print_shape("promtail", "logs", nested, out);
	print_shape("prometheus", "metrics", of_prometheus, out);
	print_shape("native", "", NULL, out);
	out->n -= out->n >= 2 ? 2 : 0; /* the last comma */
	buf_str(out, STR("\n},\n"));
	print_root(out);
	buf_str(out, STR("}\n"));
}
