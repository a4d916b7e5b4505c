/* Graphics cards with the amdgpu driver: /sys/class/drm/cardN/device. kernel: Documentation/gpu/amdgpu
 * A file that a card does not have is a zero, as in the reference. */
#include "agent/collectors/all.h"
#include "agent/collectors/names.h"
#include "agent/collectors/sheet.h"
#include "agent/collectors/words.h"

static const struct { const char *file, *metric, *help; } rows[] = {
	{ "gpu_busy_percent", "node_drm_gpu_busy_percent", "How busy the GPU is as a percentage." },
	{ "mem_info_gtt_total", "node_drm_memory_gtt_size_bytes",
	  "The size of the graphics translation table (GTT) block in bytes." },
	{ "mem_info_gtt_used", "node_drm_memory_gtt_used_bytes",
	  "The used amount of the graphics translation table (GTT) block in bytes." },
	{ "mem_info_vis_vram_total", "node_drm_memory_vis_vram_size_bytes", "The size of visible VRAM in bytes." },
	{ "mem_info_vis_vram_used", "node_drm_memory_vis_vram_used_bytes", "The used amount of visible VRAM in bytes." },
	{ "mem_info_vram_total", "node_drm_memory_vram_size_bytes", "The size of VRAM in bytes." },
	{ "mem_info_vram_used", "node_drm_memory_vram_used_bytes", "The used amount of VRAM in bytes." },
};

static bool is_amdgpu(struct str uevent)
{
	while (uevent.n > 0)
		if (str_starts(str_cut(&uevent, '\n'), STR("DRIVER=amdgpu")))
			return true;
	return false;
}

static void add_card(struct sheet *s, struct collect *c, const char *card)
{
	const char *directory = sheet_text(s, "%s/class/drm/%s/device", c->roots->sys, card);
	if (!is_amdgpu(sheet_attribute(s, c->files, directory, "uevent")))
		return;
	struct str vendor = sheet_attribute(s, c->files, directory, "mem_info_vram_vendor"), id = sheet_attribute(s, c->files, directory, "unique_id");
	sheet_add(s, METRIC_GAUGE, "node_drm_card_info", "Card information", 1, { "card", str_of(card) },
		{ "memory_vendor", vendor },
		{ "power_performance_level", sheet_attribute(s, c->files, directory, "power_dpm_force_performance_level") }, { "unique_id", id },
		{ "vendor", STR("amd") });
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint64_t value = 0;
		if (!words_based(sheet_attribute(s, c->files, directory, rows[i].file), &value))
			value = 0;
		sheet_add(s, METRIC_GAUGE, rows[i].metric, rows[i].help, (double)value, { "card", str_of(card) });
	}
}

static int update(void *state, struct collect *c)
{
	(void)state;
	struct sheet s;
	sheet_init(&s, c->out);
	struct names cards;
	names_read(&cards, &s.memory, "%s/class/drm", c->roots->sys);
	for (size_t i = 0; i < cards.count; i++) /* card0 to card9: "card0-DP-1" is a connector */
		if (names_is_numbered(cards.at[i], "card") && strlen(cards.at[i]) == strlen("card0"))
			add_card(&s, c, cards.at[i]);
	sheet_write(&s);
	return 0;
}

const struct collector collector_drm = { .name = "drm", .update = update };
