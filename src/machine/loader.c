/* See loader.h.  All offsets and sizes of a file are untrusted. */
#include "machine/loader.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/bits.h"
#include "base/bug.h"

#define RAW_OFFSET 0x80000u        /* where a kernel without a header goes */
#define MAX_FILE (UINT64_C(1) << 36)

static struct kept {
	char *path;
	int fd;
	struct kept *next;
} *kept;                    /* OWNER(main thread) */
static bool keeping;        /* OWNER(main thread) */

void loader_keep_files(void) { keeping = true; }

void loader_forget_files(void)
{
	while (kept) {
		struct kept *k = kept;

		kept = k->next;
		close(k->fd);
		free(k->path);
		free(k);
	}
	keeping = false;
}

static int open_file(const char *path)
{
	struct kept *k = kept;

	while (k && strcmp(k->path, path))
		k = k->next;
	return k ? k->fd : open(path, O_RDONLY | O_CLOEXEC);
}

static void close_file(const char *path, int fd)
{
	struct kept *k = kept;

	while (k && k->fd != fd)
		k = k->next;
	if (k)
		return;
	k = keeping ? malloc(sizeof(*k)) : NULL;
	if (!k) {
		close(fd);
		return;
	}
	*k = (struct kept){strdup(path), fd, kept};
	BUG_ON(!k->path);
	kept = k;
}

int file_read(const char *path, struct file_data *out, struct err *e)
{
	struct stat st;
	int fd = open_file(path);
	uint64_t done = 0;

	*out = (struct file_data){0};
	if (fd < 0)
		return err_set(e, EXIT_INPUT, "cannot open '%s': %s", path, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || (uint64_t)st.st_size > MAX_FILE) {
		close_file(path, fd);
		return err_set(e, EXIT_INPUT, "'%s' is not a regular file of a sane size", path);
	}
	out->size = (uint64_t)st.st_size;
	out->data = malloc(out->size + 1);
	if (!out->data) {
		close_file(path, fd);
		return err_set(e, EXIT_HOST, "no memory for the %" PRIu64 " bytes of '%s'", out->size, path);
	}
	while (done < out->size) {
		ssize_t n = pread(fd, out->data + done, out->size - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int err = errno;

			close_file(path, fd);
			file_free(out);
			return err_set(e, EXIT_INPUT, "cannot read '%s': %s", path,
				       n < 0 ? strerror(err) : "it became shorter");
		}
		done += (uint64_t)n;
	}
	close_file(path, fd);
	return 0;
}

void file_free(struct file_data *f)
{
	free(f->data);
	*f = (struct file_data){0};
}

static uint64_t le(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	for (unsigned k = n; k--;)
		v = v << 8 | p[k];
	return v;
}

int load_bytes(const struct guest_ram *ram, const char *what, uint64_t a, const void *data, uint64_t size,
	       struct err *e)
{
	if (size && !dma_write(ram->pm, mk_gpa(a), data, size))
		return err_set(e, EXIT_INPUT,
			       "%s: %" PRIu64 " bytes at 0x%" PRIx64 " do not fit into the guest's memory (RAM is 0x%" PRIx64
			       "..0x%" PRIx64 "); give more with -m",
			       what, size, a, ram->base, ram->base + ram->size - 1);
	return 0;
}

int load_raw(const struct guest_ram *ram, const char *path, uint64_t a, uint64_t limit, uint64_t *size, struct err *e)
{
	struct file_data f;
	int rc;

	if (file_read(path, &f, e))
		return -1;
	if (f.size > limit)
		rc = err_set(e, EXIT_INPUT, "'%s' has %" PRIu64 " bytes, there is room for %" PRIu64 " (give more RAM with -m)",
			     path, f.size, limit);
	else
		rc = load_bytes(ram, path, a, f.data, f.size, e);
	*size = f.size;
	file_free(&f);
	return rc;
}

/* Inflates a gzip stream; the result may have at most limit bytes. */
static int gunzip(const char *path, const uint8_t *in, uint64_t n, uint64_t limit, struct file_data *out, struct err *e)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)in};
	uint64_t cap = MIN(MAX(n * 4, UINT64_C(1) << 20), limit), left = n;
	int rc = inflateInit2(&z, 16 + MAX_WBITS);

	*out = (struct file_data){.data = malloc(cap)};
	while (rc == Z_OK && out->data) {
		uint64_t before, room;

		if (out->size == cap) {
			uint8_t *p;

			if (cap == limit)
				break;
			cap = MIN(cap * 2, limit);
			p = realloc(out->data, cap);
			if (!p)
				break;
			out->data = p;
		}
		if (!z.avail_in) {
			z.avail_in = (uInt)MIN(left, UINT64_C(1) << 30);
			left -= z.avail_in;
		}
		room = MIN(cap - out->size, UINT64_C(1) << 30);
		z.next_out = out->data + out->size;
		z.avail_out = (uInt)room;
		before = z.avail_in;
		rc = inflate(&z, Z_NO_FLUSH);
		out->size += room - z.avail_out;
		if (rc == Z_OK && !before && !left)
			rc = Z_DATA_ERROR;
	}
	inflateEnd(&z);
	if (rc == Z_STREAM_END)
		return 0;
	file_free(out);
	if (rc == Z_OK)
		return err_set(e, EXIT_INPUT, "'%s': the unpacked kernel is larger than RAM; give more with -m", path);
	return err_set(e, EXIT_INPUT, "'%s' is a damaged or truncated gzip file", path);
}

/* Checks that [off, off + n) lies in a file of `size` bytes. */
static bool inside(uint64_t off, uint64_t n, uint64_t size) { return off <= size && n <= size - off; }

static int load_elf(const struct guest_ram *ram, const char *path, const uint8_t *d, uint64_t size,
		    struct loaded *out, struct err *e)
{
	Elf64_Ehdr eh;
	uint64_t low = UINT64_MAX, end = 0;
	bool entry_mapped = false;

	if (size < sizeof(eh))
		return err_set(e, EXIT_INPUT, "'%s' is a truncated ELF file", path);
	memcpy(&eh, d, sizeof(eh));
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_ident[EI_DATA] != ELFDATA2LSB || eh.e_machine != EM_AARCH64)
		return err_set(e, EXIT_INPUT,
			       "'%s' is an ELF file for another machine (e_machine %u, %s-bit); parma runs 64-bit little-endian AArch64 (183)",
			       path, eh.e_machine, eh.e_ident[EI_CLASS] == ELFCLASS64 ? "64" : "32");
	if (eh.e_phentsize != sizeof(Elf64_Phdr) || !inside(eh.e_phoff, (uint64_t)eh.e_phnum * sizeof(Elf64_Phdr), size))
		return err_set(e, EXIT_INPUT, "'%s' is a truncated ELF file (program headers)", path);
	out->entry = eh.e_entry;
	for (unsigned k = 0; k < eh.e_phnum; k++) {
		static const uint8_t zeros[65536];
		Elf64_Phdr ph;

		memcpy(&ph, d + eh.e_phoff + k * sizeof(ph), sizeof(ph));
		if (ph.p_type != PT_LOAD || !ph.p_memsz)
			continue;
		if (!inside(ph.p_offset, ph.p_filesz, size) || ph.p_filesz > ph.p_memsz)
			return err_set(e, EXIT_INPUT, "'%s' is a truncated ELF file (segment %u)", path, k);
		if (ph.p_paddr + ph.p_memsz < ph.p_paddr || ph.p_memsz > MAX_FILE)
			return err_set(e, EXIT_INPUT, "'%s': segment %u has an impossible size", path, k);
		if (load_bytes(ram, path, ph.p_paddr, d + ph.p_offset, ph.p_filesz, e))
			return -1;
		for (uint64_t z = ph.p_filesz; z < ph.p_memsz; z += sizeof(zeros))
			if (load_bytes(ram, path, ph.p_paddr + z, zeros, MIN(sizeof(zeros), ph.p_memsz - z), e))
				return -1;
		low = MIN(low, ph.p_paddr);
		end = MAX(end, ph.p_paddr + ph.p_memsz);
		/* The entry point is a virtual address; the MMU is off at reset. */
		if (eh.e_entry - ph.p_vaddr < ph.p_memsz && !entry_mapped) {
			out->entry = eh.e_entry - ph.p_vaddr + ph.p_paddr;
			entry_mapped = true;
		}
	}
	if (!end)
		return err_set(e, EXIT_INPUT, "'%s' has nothing to load (no PT_LOAD segment); is it an object file?", path);
	out->low = low;
	out->end = end;
	out->linux_boot = false;
	return 0;
}

/*
 * How many bytes a kernel with an EFI stub must have, by the section table of its PE header; 0 without one.  The
 * Image header does not tell: its image_size counts memory that is not in the file.
 */
static uint64_t pe_file_size(const uint8_t *d, uint64_t size)
{
	uint64_t pe = le(d + 60, 4), sections, end = 0;
	unsigned n;

	if (memcmp(d, "MZ", 2))
		return 0;
	if (!inside(pe, 24, size))
		return pe + 24;
	if (memcmp(d + pe, "PE\0", 4))
		return 0;
	n = (unsigned)le(d + pe + 6, 2);
	sections = pe + 24 + le(d + pe + 20, 2);
	if (!inside(sections, n * UINT64_C(40), size))
		return sections + n * UINT64_C(40);
	for (unsigned k = 0; k < n; k++) {
		const uint8_t *s = d + sections + k * 40;

		end = MAX(end, le(s + 20, 4) + le(s + 16, 4));
	}
	return end;
}

/* Linux Image header: magic "ARM\x64" at 56, text_offset at 8, image_size at 16, flags at 24. */
static int load_image(const struct guest_ram *ram, const char *path, const uint8_t *d, uint64_t size,
		      struct loaded *out, struct err *e)
{
	bool header = size >= 64 && !memcmp(d + 56, "ARM\x64", 4);
	uint64_t offset = RAW_OFFSET, image_size = 0;

	if (header) {
		image_size = le(d + 16, 8);
		if (image_size)
			offset = le(d + 8, 8);
		if (le(d + 24, 8) & 1)
			return err_set(e, EXIT_INPUT, "'%s' is a big-endian kernel; parma runs little-endian ones", path);
		if (pe_file_size(d, size) > size)
			return err_set(e, EXIT_INPUT, "'%s' is a truncated kernel: %" PRIu64 " bytes of %" PRIu64, path, size,
				       pe_file_size(d, size));
		if (offset < 4096) /* leave room for the device tree at the start of RAM, as QEMU does */
			offset += UINT64_C(2) << 20;
	}
	image_size = MAX(image_size, size);
	if (!inside(offset, image_size, ram->size))
		return err_set(e, EXIT_INPUT, "'%s' needs %" PRIu64 " MiB of RAM, the guest has %" PRIu64 " MiB; give more with -m",
			       path, (offset + image_size + 0xfffff) >> 20, ram->size >> 20);
	out->low = out->entry = ram->base + offset;
	out->end = out->low + image_size;
	out->linux_boot = true;
	return load_bytes(ram, path, out->low, d, size, e);
}

int load_kernel_bytes(const struct guest_ram *ram, const char *path, const uint8_t *d, uint64_t size,
		      struct loaded *out, struct err *e)
{
	struct file_data plain;
	const uint8_t *gz = NULL;
	uint64_t gz_size = size;
	int rc;

	if (!size)
		return err_set(e, EXIT_INPUT, "'%s' is empty", path);
	if (size >= 4 && !memcmp(d, ELFMAG, SELFMAG))
		return load_elf(ram, path, d, size, out, e);
	if (size >= 18 && d[0] == 0x1f && d[1] == 0x8b)
		gz = d;
	if (size >= 64 && !memcmp(d, "MZ", 2) && !memcmp(d + 4, "zimg", 4)) {
		uint64_t off = le(d + 8, 4);

		gz_size = le(d + 12, 4);
		if (strncmp((const char *)d + 24, "gzip", 32))
			return err_set(e, EXIT_INPUT, "'%s' is a zboot kernel packed with %.31s; parma unpacks gzip only", path,
				       (const char *)d + 24);
		if (!inside(off, gz_size, size) || gz_size < 18)
			return err_set(e, EXIT_INPUT, "'%s' is a truncated zboot kernel", path);
		gz = d + off;
	}
	if (!gz) {
		if (size >= 64 && !memcmp(d, "MZ", 2) && memcmp(d + 56, "ARM\x64", 4))
			return err_set(e, EXIT_INPUT, "'%s' is an EFI program for another machine", path);
		if (size >= 0x206 && !memcmp(d + 0x202, "HdrS", 4))
			return err_set(e, EXIT_INPUT, "'%s' is a kernel for x86; parma runs AArch64", path);
		return load_image(ram, path, d, size, out, e);
	}
	if (gunzip(path, gz, gz_size, ram->size, &plain, e))
		return -1;
	if (plain.size >= 4 && !memcmp(plain.data, ELFMAG, SELFMAG))
		rc = load_elf(ram, path, plain.data, plain.size, out, e);
	else
		rc = load_image(ram, path, plain.data, plain.size, out, e);
	file_free(&plain);
	return rc;
}

int load_kernel(const struct guest_ram *ram, const char *path, struct loaded *out, struct err *e)
{
	struct file_data f;
	int rc;

	if (file_read(path, &f, e))
		return err_prefix(e, "could not load kernel '%s'", path);
	rc = load_kernel_bytes(ram, path, f.data, f.size, out, e);
	file_free(&f);
	return rc;
}
