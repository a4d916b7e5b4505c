/* Bonds: how many slaves are configured, how many of them have a link. */
#include "agent/collectors/all.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/fields.h"

enum { MASTERS_MAX = 1024, SLAVES_MAX = 1024 };

/* Old kernels call the link to a slave slave_X, newer ones lower_X. -errno when the slave is gone. */
static int read_status(struct collect *c, struct str master, struct str slave, bool *is_up)
{
	struct str status;
	int err = files_attribute(c->files, &status, "%s/class/net/" STR_FMT "/lower_" STR_FMT "/bonding_slave/mii_status",
		c->roots->sys, STR_ARG(master), STR_ARG(slave));
	if (err == -ENOENT)
		err = files_attribute(c->files, &status, "%s/class/net/" STR_FMT "/slave_" STR_FMT "/bonding_slave/mii_status",
			c->roots->sys, STR_ARG(master), STR_ARG(slave));
	*is_up = err == 0 && str_eq(str_trim(status), STR("up"));
	return err;
}

static void add_master(struct sheet *s, struct collect *c, struct str master)
{
	struct str slaves;
	if (files_attribute(c->files, &slaves, "%s/class/net/" STR_FMT "/bonding/slaves", c->roots->sys, STR_ARG(master)) < 0)
		return;
	slaves = sheet_copy(s, slaves);
	int configured = 0, active = 0;
	for (struct str slave; configured < SLAVES_MAX && (slave = fields_next(&slaves)).n > 0;) {
		bool is_up;
		if (read_status(c, master, slave, &is_up) == 0) {
			configured++;
			active += is_up;
		}
	}
	sheet_add(s, METRIC_GAUGE, "node_bonding_slaves", "Number of configured slaves per bonding interface.", configured,
		{ "master", master });
	sheet_add(s, METRIC_GAUGE, "node_bonding_active", "Number of active slaves per bonding interface.", active,
		{ "master", master });
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct str masters;
	int err = files_read(c->files, c->roots->sys, "/class/net/bonding_masters", false, &masters);
	if (err < 0)
		return err == -ENOENT ? -ENODATA : err;
	struct sheet s;
	sheet_init(&s, c->out);
	masters = sheet_copy(&s, masters);
	struct str master;
	for (int i = 0; i < MASTERS_MAX && (master = fields_next(&masters)).n > 0; i++)
		add_master(&s, c, master);
	sheet_write(&s);
	return 0;
}

const struct collector collector_bonding = { "bonding", true, NULL, NULL, update, NULL };
