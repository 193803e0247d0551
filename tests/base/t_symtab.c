/* Names from System.map and ELF, and from neither; files that lie about themselves. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/symtab.h"
#include "tests/tap.h"

static const char *find(const struct symtab *s, uint64_t addr)
{
	static char text[100];
	uint64_t offset;
	const char *name = symtab_find(s, addr, &offset);

	if (!name)
		return "-";
	snprintf(text, sizeof(text), "%s+%lx", name, (unsigned long)offset);
	return text;
}

static void is_str(const char *got, const char *want, const char *what)
{
	ok(!strcmp(got, want), "%s: %s", what, got);
}

static struct symtab *of(const void *data, size_t n)
{
	struct err e = {0};

	return symtab_new("file", data, n, &e);
}

static void test_map(void)
{
	static const char map[] = "ffff800080000040 T b\nffff800080000000 T _text\nffff800080000000 t _stext\n0 A zero\n"
				  "ffff800080000044 D data\nffff800078000000 t m_init\t[virtio]\nrubbish\n12345678123456781 T long\n"
				  "ffff800080001000 W last";
	struct symtab *s = of(map, sizeof(map) - 1);

	ok(s && symtab_count(s) == 5, "System.map: symbols of code");
	is_str(find(s, 0xffff800080000000), "_text+0", "of two names the first");
	is_str(find(s, 0xffff80008000003f), "_text+3f", "inside");
	is_str(find(s, 0xffff800080000044), "b+4", "data is not named");
	is_str(find(s, 0xffff800078000000), "m_init+0", "a module's");
	is_str(find(s, 0xffff800080001ffc), "last+ffc", "the last line without its end");
	is_str(find(s, 0xffff800090000000), "-", "far from all");
	is_str(find(s, 0x40), "-", "below all");
	symtab_free(s);
	is_str(find(NULL, 0), "-", "no table");
	ok(!of("", 0) && !of("hello\n", 6), "a file without symbols is refused");
}

/* header, section headers (none, symbols, strings), symbols, strings */
struct image {
	Elf64_Ehdr h;
	Elf64_Shdr s[3];
	Elf64_Sym y[4];
	char str[16];
};

static struct image image(void)
{
	struct image i = {.h = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB},
				.e_shoff = offsetof(struct image, s), .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 3}};

	i.s[1] = (Elf64_Shdr){.sh_type = SHT_SYMTAB, .sh_offset = offsetof(struct image, y), .sh_size = sizeof(i.y), .sh_link = 2};
	i.s[2] = (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = offsetof(struct image, str), .sh_size = sizeof(i.str)};
	memcpy(i.str, "\0main\0$x\0table", 15);
	i.y[1] = (Elf64_Sym){.st_name = 1, .st_info = STT_FUNC, .st_shndx = 1, .st_value = 0x1000};
	i.y[2] = (Elf64_Sym){.st_name = 6, .st_info = STT_NOTYPE, .st_shndx = 1, .st_value = 0x1004};
	i.y[3] = (Elf64_Sym){.st_name = 9, .st_info = STT_OBJECT, .st_shndx = 1, .st_value = 0x1008};
	return i;
}

static void test_elf(void)
{
	struct image i = image(), bad;
	struct symtab *s = of(&i, sizeof(i));
	unsigned refused = 0;

	ok(s && symtab_count(s) == 1, "ELF: functions only");
	is_str(find(s, 0x1010), "main+10", "named");
	symtab_free(s);
	for (size_t n = 4; n < sizeof(i); n++) {
		s = of(&i, n);
		refused += !s;
		symtab_free(s);
	}
	ok(refused == sizeof(i) - 4, "cut short anywhere: refused");
	for (size_t at = 0; at < sizeof(i); at++)
		for (unsigned v = 0; v < 256; v += 51) {
			bad = i;
			((unsigned char *)&bad)[at] = (unsigned char)v;
			symtab_free(of(&bad, sizeof(bad)));
		}
	ok(true, "any byte wrong: nothing is read outside");
}

int main(void)
{
	test_map();
	test_elf();
	return tap_done();
}
