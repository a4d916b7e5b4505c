/* Runs a fuzz target over every file of the corpus folders given, so that findings stay fixed without libFuzzer.
 * Each input is copied to memory of exactly its size: one byte read beyond it is an AddressSanitizer report. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *folder, const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "rb");
	if (!f)
		return 0;
	fseek(f, 0, SEEK_END);
	long size = ftell(f);
	rewind(f);
	uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
	size_t got = data && size > 0 ? fread(data, 1, (size_t)size, f) : 0;
	fclose(f);
	if (data)
		LLVMFuzzerTestOneInput(data, got);
	free(data);
	return 1;
}

int main(int argc, char **argv)
{
	int inputs = 0;
	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		for (struct dirent *e; d && (e = readdir(d));)
			if (e->d_name[0] != '.')
				inputs += replay(argv[i], e->d_name);
		if (d)
			closedir(d);
	}
	printf("%d inputs replayed\n", inputs);
	return inputs > 0 ? 0 : 1; /* an empty corpus proves nothing */
}
