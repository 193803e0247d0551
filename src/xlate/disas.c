/* See disas.h. */
#include "xlate/disas.h"

#include <capstone/capstone.h>

#include "base/log.h"

static void lines(cs_arch arch, cs_mode mode, const uint8_t *code, size_t len, uint64_t at)
{
	csh h;
	cs_insn *in;
	size_t n;

	if (cs_open(arch, mode, &h) != CS_ERR_OK)
		return;
	cs_option(h, CS_OPT_SKIPDATA, CS_OPT_ON);
	n = cs_disasm(h, code, len, at, 0, &in);
	for (size_t k = 0; k < n; k++)
		log_printf("%12llx  %s %s\n", (unsigned long long)in[k].address, in[k].mnemonic, in[k].op_str);
	if (n)
		cs_free(in, n);
	cs_close(&h);
}

void disas_guest(uint32_t word, uint64_t pc) { lines(CS_ARCH_ARM64, CS_MODE_ARM, (const uint8_t *)&word, 4, pc); }
void disas_host(const uint8_t *code, size_t len)
{
	lines(CS_ARCH_X86, CS_MODE_64, code, len, (uint64_t)(uintptr_t)code);
}
