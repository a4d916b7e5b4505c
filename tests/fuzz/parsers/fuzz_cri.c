/* What is taken as a CRI line is put together again from its parts, byte for byte but for the tags behind the first. */
#include <assert.h>

#include "parsers/cri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str line = { (const char *)data, size };
	struct runtime_line out;
	if (!cri_parse(line, &out))
		return 0;
	assert(out.message.p >= line.p && out.message.p + out.message.n == line.p + line.n);
	struct str head = str_take(line, (size_t)(out.message.p - line.p)), time = str_cut(&head, ' '),
		stream = str_cut(&head, ' ');
	assert(time.n >= 20 && str_eq(stream, out.is_stderr ? STR("stderr") : STR("stdout")));
	assert(head.n >= 1 && head.p[0] == (out.is_partial ? 'P' : 'F'));
	return 0;
}
