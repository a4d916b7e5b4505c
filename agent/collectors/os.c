/* Which distribution this is: etc/os-release of the root file system, or usr/lib/os-release. */
#include "agent/collectors/all.h"
#include "agent/collectors/system.h"

static void write_all(struct families *f, const struct str os[OS_KEYS])
{
	const struct metric_label labels[] = {
		{ "build_id", os[OS_BUILD_ID] },
		{ "id", os[OS_ID] },
		{ "id_like", os[OS_ID_LIKE] },
		{ "image_id", os[OS_IMAGE_ID] },
		{ "image_version", os[OS_IMAGE_VERSION] },
		{ "name", os[OS_NAME] },
		{ "pretty_name", os[OS_PRETTY_NAME] },
		{ "variant", os[OS_VARIANT] },
		{ "variant_id", os[OS_VARIANT_ID] },
		{ "version", os[OS_VERSION] },
		{ "version_codename", os[OS_VERSION_CODENAME] },
		{ "version_id", os[OS_VERSION_ID] },
	};
	const struct metric_label version_labels[] = { { "id", os[OS_ID] }, { "id_like", os[OS_ID_LIKE] }, { "name", os[OS_NAME] } };
	double version = os_release_version(os[OS_VERSION_ID]), end;
	families_begin(f, "node_os_info", METRIC_GAUGE,
		"A metric with a constant '1' value labeled by build_id, id, id_like, image_id, image_version, name, pretty_name, variant, "
		"variant_id, version, version_codename, version_id.");
	families_sample(f, "", labels, COUNT_OF(labels), 1);
	if (version > 0) {
		families_begin(f, "node_os_version", METRIC_GAUGE, "Metric containing the major.minor part of the OS version.");
		families_sample(f, "", version_labels, COUNT_OF(version_labels), version);
	}
	if (os_release_date(os[OS_SUPPORT_END], &end))
		families_gauge(f, "node_os_support_end_timestamp_seconds", "Metric containing the end-of-life date timestamp of the OS.", end);
}

static int update(void *state, struct collect *c)
{
	struct str text, os[OS_KEYS];
	(void)state;
	int error = files_read(c->files, c->roots->rootfs, "/etc/os-release", false, &text);
	if (error == -ENOENT)
		error = files_read(c->files, c->roots->rootfs, "/usr/lib/os-release", false, &text);
	if (error)
		return error == -ENOENT ? -ENODATA : error;
	os_release_parse(text, os, c->scratch);
	write_all(c->out, os);
	return 0;
}

const struct collector collector_os = { .name = "os", .is_default = true, .update = update };
