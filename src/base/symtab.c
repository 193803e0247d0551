/* See symtab.h.  ELF: System V ABI, generic part, chapters 4 (sections, symbol table). */
#include "base/symtab.h"

#include <elf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NEAR (UINT64_C(1) << 20) /* bytes after a symbol that still are called by it */

struct sym {
	uint64_t addr;
	uint32_t name; /* offset in the text */
};
struct symtab {
	struct sym *v;
	size_t n, room;
	char *text;
	size_t text_bytes, text_room;
	bool no_memory;
};

static bool grow(void **p, size_t *room, size_t need, size_t size)
{
	size_t n = *room ? *room : 1024;
	void *q;

	while (n < need)
		n *= 2;
	if (n == *room)
		return true;
	q = realloc(*p, n * size);
	if (!q)
		return false;
	*p = q;
	*room = n;
	return true;
}

/* name: up to len bytes, or to its end */
static void add(struct symtab *s, uint64_t addr, const char *name, size_t len)
{
	len = strnlen(name, len);
	if (!len || name[0] == '$' || s->no_memory) /* $x, $d: mapping symbols */
		return;
	if (s->text_bytes + len >= UINT32_MAX || !grow((void **)&s->v, &s->room, s->n + 1, sizeof(*s->v)) ||
	    !grow((void **)&s->text, &s->text_room, s->text_bytes + len + 1, 1)) {
		s->no_memory = true;
		return;
	}
	s->v[s->n++] = (struct sym){addr, (uint32_t)s->text_bytes};
	memcpy(s->text + s->text_bytes, name, len);
	s->text[s->text_bytes + len] = 0;
	s->text_bytes += len + 1;
}

/* -- System.map -- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void map_line(struct symtab *s, const char *p, const char *end)
{
	uint64_t addr = 0;
	const char *name;
	unsigned digits = 0;

	for (; p < end && hex(*p) >= 0; p++, digits++)
		addr = addr << 4 | (unsigned)hex(*p);
	if (!digits || digits > 16 || end - p < 4 || p[0] != ' ' || p[2] != ' ' || !strchr("tTwW", p[1]))
		return;
	name = p += 3;
	while (p < end && *p != ' ' && *p != '\t' && *p != '\r')
		p++;
	add(s, addr, name, (size_t)(p - name));
}

static void read_map(struct symtab *s, const char *p, const char *end)
{
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		map_line(s, p, nl ? nl : end);
		p = nl ? nl + 1 : end;
	}
}

/* -- ELF -- */

static bool inside(size_t size, uint64_t at, uint64_t bytes) { return at <= size && bytes <= size - at; }

static void read_symbols(struct symtab *s, const uint8_t *data, const Elf64_Shdr *tab, const Elf64_Shdr *str)
{
	for (uint64_t k = 0; k < tab->sh_size / sizeof(Elf64_Sym); k++) {
		Elf64_Sym y;

		memcpy(&y, data + tab->sh_offset + k * sizeof(y), sizeof(y));
		if (y.st_shndx != SHN_UNDEF && (ELF64_ST_TYPE(y.st_info) == STT_FUNC || ELF64_ST_TYPE(y.st_info) == STT_NOTYPE) &&
		    y.st_name < str->sh_size)
			add(s, y.st_value, (const char *)data + str->sh_offset + y.st_name, str->sh_size - y.st_name);
	}
}

static void read_elf(struct symtab *s, const uint8_t *data, size_t size)
{
	Elf64_Ehdr h;
	Elf64_Shdr sec, str;

	if (size < sizeof(h))
		return;
	memcpy(&h, data, sizeof(h));
	if (h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_ident[EI_DATA] != ELFDATA2LSB || h.e_shentsize != sizeof(sec) ||
	    !inside(size, h.e_shoff, (uint64_t)h.e_shnum * sizeof(sec)))
		return;
	for (unsigned k = 0; k < h.e_shnum; k++) {
		memcpy(&sec, data + h.e_shoff + k * sizeof(sec), sizeof(sec));
		if (sec.sh_type != SHT_SYMTAB || sec.sh_link >= h.e_shnum)
			continue;
		memcpy(&str, data + h.e_shoff + sec.sh_link * sizeof(str), sizeof(str));
		if (inside(size, sec.sh_offset, sec.sh_size) && inside(size, str.sh_offset, str.sh_size))
			read_symbols(s, data, &sec, &str);
	}
}

/* -- */

static int by_addr(const void *a, const void *b)
{
	const struct sym *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr ? 1 : x->name < y->name ? -1 : x->name > y->name;
}

struct symtab *symtab_new(const char *name, const uint8_t *data, size_t size, struct err *e)
{
	struct symtab *s = calloc(1, sizeof(*s));

	if (s && size >= SELFMAG && !memcmp(data, ELFMAG, SELFMAG))
		read_elf(s, data, size);
	else if (s)
		read_map(s, (const char *)data, (const char *)data + size);
	if (!s || s->no_memory || !s->n) {
		if (!s || s->no_memory)
			err_set(e, EXIT_HOST, "no memory for the symbols of '%s'", name);
		else
			err_set(e, EXIT_INPUT, "'%s' has no symbols of code: neither System.map, nor ELF with a symbol table", name);
		symtab_free(s);
		return NULL;
	}
	qsort(s->v, s->n, sizeof(*s->v), by_addr);
	return s;
}

void symtab_free(struct symtab *s)
{
	if (!s)
		return;
	free(s->v);
	free(s->text);
	free(s);
}

size_t symtab_count(const struct symtab *s) { return s->n; }

const char *symtab_find(const struct symtab *s, uint64_t addr, uint64_t *offset)
{
	size_t lo = 0, hi = s ? s->n : 0;

	while (lo < hi) { /* the first one above addr */
		size_t mid = lo + (hi - lo) / 2;

		if (s->v[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || addr - s->v[lo - 1].addr >= NEAR)
		return NULL;
	lo--;
	while (lo && s->v[lo - 1].addr == s->v[lo].addr) /* of several names the first */
		lo--;
	*offset = addr - s->v[lo].addr;
	return s->text + s->v[lo].name;
}
