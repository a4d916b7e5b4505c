/* SHA-256 and SHA3-256: the examples of the standards, at the edges of a block, and two texts put together. */
#include <check.h>

#include "parsers/stages/sha.h"

typedef void sha_fn(struct str head, struct str tail, unsigned char out[SHA_BYTES]);

static const struct {
	sha_fn *sha;
	const char *head;
	size_t repeats; /* of head */
	const char *tail, *want;
} cases[] = {
	{ sha_2, "", 1, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ sha_2, "a", 1, "bc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ sha_2, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, "",
	"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ sha_3, "", 1, "", "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a" },
	{ sha_3, "abc", 1, "", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532" },
	{ sha_3, "\xa3", 200, "", "79f38adec5c20307a98ef76e8324afbfd46cfd81b22e3973c65fa1bd9de31787" },
	{ sha_2, "x", 55, "", "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072" },
	{ sha_2, "x", 56, "", "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e" },
	{ sha_2, "x", 63, "", "75220b47218278e656f2013bb8f0c455a25eaf01e86c64924e9d48d89776d6f2" },
	{ sha_2, "x", 64, "", "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c" },
	{ sha_2, "x", 65, "", "9537c5fdf120482f7d58d25e9ed583f52c02b4e304ea814db1633ad565aed7e9" },
	{ sha_3, "x", 134, "", "2395a7f63fad07ba0ddf7115f06cd8958db0e52a1af4c4482a76ad8d2961be83" },
	{ sha_3, "x", 135, "", "c150125edc74b56fb5cbfdd024fabe20ea5a99bd3c97305bbf7cb55885c106fe" },
	{ sha_3, "x", 136, "", "5bc276bac9c582508b8fa9b3949e7ed9b6e584ee4d2925b29a426b9931ba1486" },
	{ sha_3, "x", 137, "", "2f25a6351abe05e289a0a3e65fef42db7d5fc314936bdee4f6d54d04fb20a609" },
};

START_TEST(standards)
{
	static const char hex[] = "0123456789abcdef";
	char text[256], got[2 * SHA_BYTES + 1] = { 0 };
	unsigned char out[SHA_BYTES];
	size_t n = 0;
	for (size_t i = 0; i < cases[_i].repeats; i++)
		for (const char *p = cases[_i].head; *p; p++)
			text[n++] = *p;
	cases[_i].sha((struct str){ text, n }, str_of(cases[_i].tail), out);
	for (size_t i = 0; i < SHA_BYTES; i++) {
		got[2 * i] = hex[out[i] >> 4];
		got[2 * i + 1] = hex[out[i] & 15];
	}
	ck_assert_str_eq(got, cases[_i].want);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sha");
	TCase *t = tcase_create("sha");
	tcase_add_loop_test(t, standards, 0, COUNT_OF(cases));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
