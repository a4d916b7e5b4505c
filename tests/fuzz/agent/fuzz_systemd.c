/* The first line is the manager's version, each other one a unit: its name, its state, a number for all its properties. Whatever
 * they say: the page is whole lines of valid UTF-8 under our prefix, states have their bound, and only sockets are asked without a switch. */
#include <assert.h>
#include <math.h>

#include "agent/collectors/systemd_units.h"
#include "agent/collectors/words.h"
#include "parsers/bytes/num.h"
#include "parsers/bytes/utf8.h"

static const struct systemd_switches everything = { .has_tasks = true, .has_restarts = true, .has_start_times = true, .has_timers = true };

static void add_unit(struct sheet *s, struct systemd_states *states, struct str line)
{
	struct str words[3];
	uint64_t number = 0;
	const size_t count = words_split(line, words, COUNT_OF(words));
	if (count < 2)
		return;
	const bool is_known = count == 3 && num_u64(words[2], &number);
	struct systemd_unit u = { .name = words[0], .load_state = STR("loaded"), .active_state = words[1] };
	if (systemd_units_type_interface(u.name))
		u.type = words[count - 1];
	for (enum systemd_property p = 0; p < SYSTEMD_PROPERTIES; p++) {
		u.values[p] = number;
		if (is_known && systemd_units_asks(p, &u, &everything))
			u.has |= 1u << p;
		assert(!systemd_units_asks(p, &u, &(struct systemd_switches){ 0 }) || str_ends(u.name, STR(".socket")));
	}
	systemd_states_count(states, u.active_state);
	systemd_units_write(s, &u, &everything);
}

static void check(struct str page)
{
	assert(utf8_valid(page) == page.n);
	assert(page.n > 0 && page.p[page.n - 1] == '\n');
	while (page.n > 0) {
		const struct str line = str_cut(&page, '\n');
		assert(str_starts(line, STR("# HELP node_systemd_")) || str_starts(line, STR("# TYPE node_systemd_")) ||
			str_starts(line, STR("node_systemd_")));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > 1 << 14)
		return 0;
	struct str text = { (const char *)data, size };
	struct buf page;
	struct families f;
	struct sheet s;
	struct systemd_states states;
	buf_init(&page, 32 << 20);
	families_init(&f, &page, false);
	sheet_init(&s, &f);
	systemd_states_init(&states);
	const struct str version = str_cut(&text, '\n');
	const double number = systemd_units_version(version);
	assert(number >= 0 && isfinite(number));
	systemd_units_manager(&s, version, size % 2 ? "" : NULL);
	while (text.n > 0)
		add_unit(&s, &states, str_cut(&text, '\n'));
	assert(states.n <= SYSTEMD_STATES_MAX);
	systemd_states_write(&s, &states);
	sheet_write(&s);
	check(buf_view(&page));
	families_fini(&f);
	buf_fini(&page);
	return 0;
}
