/* Option texts: escapes, bare words, typed values, messages that name the nearest key. */
#include <string.h>

#include "base/nearest.h"
#include "base/opts.h"
#include "tests/tap.h"

static struct err e;

static void test_syntax(void)
{
	struct opts *o = opts_parse("-device", "virtio-blk,drive=a,,b,nowait,server,drive=c", "driver", &e);
	unsigned it = 0;
	bool wait = true, server = false;

	ok(!strcmp(opts_str(o, "driver", ""), "virtio-blk"), "the first word is the implied key's value");
	ok(!strcmp(opts_str(o, "drive", ""), "c"), "the last of two counts");
	ok(!strcmp(opts_each(o, "drive", &it), "a,b"), "a doubled comma is a comma");
	ok(!strcmp(opts_each(o, "drive", &it), "c") && !opts_each(o, "drive", &it), "all values in order");
	ok(!opts_bool(o, "wait", &wait, &e) && !wait, "nokey is key=off");
	ok(!opts_bool(o, "server", &server, &e) && server, "key is key=on");
	ok(opts_finish(o, &e) == 0, "all keys were asked for");
	opts_free(o);
	o = opts_parse("-m", "a=1,,,b", NULL, &e);
	ok(o && !strcmp(opts_str(o, "a", ""), "1,") && opts_has(o, "b"), "three commas are one and an end");
	opts_free(o);
	ok(!opts_parse("-m", "a=1,=b", NULL, &e), "an empty key is an error");
	o = opts_parse("-M", "help", "type", &e);
	ok(opts_is_help(o), "help as the value");
	opts_free(o);
	o = opts_parse("-M", "virt", "type", &e);
	opts_merge(o, opts_parse("-M", "gic-version=2,type=none", "type", &e));
	ok(!strcmp(opts_str(o, "type", ""), "none"), "merged options count more");
	opts_free(o);
}

static void test_values(void)
{
	static const char *const kinds[] = {"unsafe", "writeback", NULL};
	struct opts *o = opts_parse("-x", "a=64M,b=1.5G,c=0x1000,d=12,e=12Q,f=maybe,g=writeback,h=none,i=99999999999999999999", NULL, &e);
	uint64_t v = 7;
	unsigned k = 0;
	bool b;

	ok(!opts_size(o, "a", 1, &v, &e) && v == 64 << 20, "64M");
	ok(!opts_size(o, "b", 1, &v, &e) && v == UINT64_C(3) << 29, "1.5G");
	ok(!opts_size(o, "c", 1, &v, &e) && v == 4096, "0x1000");
	ok(!opts_size(o, "d", 1 << 20, &v, &e) && v == 12 << 20, "unit of a number without suffix");
	ok(opts_size(o, "e", 1, &v, &e) && strstr(e.msg, "12Q"), "a bad suffix: %s", e.msg);
	ok(opts_size(o, "i", 1, &v, &e), "too large: %s", e.msg);
	ok(opts_bool(o, "f", &b, &e), "a bad bool: %s", e.msg);
	ok(!opts_enum(o, "g", kinds, &k, &e) && k == 1, "one of several names");
	ok(opts_enum(o, "h", kinds, &k, &e) && strstr(e.msg, "unsafe, writeback"), "a bad name: %s", e.msg);
	v = 7;
	ok(!opts_u64(o, "nothere", 0, 9, &v, &e) && v == 7, "the default stays");
	ok(opts_u64(o, "d", 0, 9, &v, &e), "out of range: %s", e.msg);
	ok(!opts_need(o, "id", &e) && strstr(e.msg, "id="), "a missing key: %s", e.msg);
	opts_free(o);
	o = opts_parse("-drive", "flie=x,if=none", NULL, &e);
	opts_str(o, "file", NULL);
	opts_str(o, "format", NULL);
	opts_str(o, "if", NULL);
	ok(opts_finish(o, &e) && strstr(e.msg, "\"flie\"") && strstr(e.msg, "\"file\""), "%s", e.msg);
	opts_free(o);
}

static void test_nearest(void)
{
	struct nearest n = nearest_begin("-kernle");

	nearest_try(&n, "-append");
	nearest_try(&n, "-kernel");
	ok(nearest_get(&n) && !strcmp(nearest_get(&n), "-kernel"), "a swap is near");
	n = nearest_begin("zzzzzz");
	nearest_try(&n, "-append");
	ok(!nearest_get(&n), "nothing near is said to be nothing");
}

int main(void)
{
	test_syntax();
	test_values();
	test_nearest();
	return tap_done();
}
