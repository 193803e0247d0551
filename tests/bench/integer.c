/* Integer programs. */
#include "pbench.h"

#include <stdlib.h>
#include <string.h>

/* -- coremark-like: a linked list, a small matrix, a state machine, a CRC -- */
struct node {
	struct node *next;
	int16_t data, idx;
};

static uint16_t crc16(uint16_t c, uint16_t v)
{
	for (int k = 0; k < 16; k++, v >>= 1) {
		int x = (c ^ v) & 1;

		c >>= 1;
		if (x)
			c ^= 0xa001;
	}
	return c;
}

static struct node *reverse(struct node *l)
{
	struct node *r = 0;

	while (l) {
		struct node *n = l->next;

		l->next = r;
		r = l;
		l = n;
	}
	return r;
}

static int state_machine(const char *s)
{
	enum { START, INT, FRAC, EXP, BAD } st = START;
	int n = 0;

	for (; *s; s++) {
		switch (st) {
		case START: st = *s >= '0' && *s <= '9' ? INT : *s == '-' || *s == '+' ? INT : *s == '.' ? FRAC : BAD; break;
		case INT: st = *s == '.' ? FRAC : *s == 'e' ? EXP : *s >= '0' && *s <= '9' ? INT : *s == ',' ? START : BAD; break;
		case FRAC: st = *s == 'e' ? EXP : *s >= '0' && *s <= '9' ? FRAC : *s == ',' ? START : BAD; break;
		case EXP: st = *s >= '0' && *s <= '9' ? EXP : *s == ',' ? START : BAD; break;
		case BAD: st = *s == ',' ? START : BAD; n++; break;
		}
		n += (int)st;
	}
	return n;
}

uint64_t bench_coremark(unsigned scale)
{
	static struct node pool[200];
	static int16_t a[20][20], b[20][20];
	static int32_t c[20][20];
	const char *text = "12.5,-77,+4e3,abc,0.5e1,9999,..,1e,";
	uint16_t crc = 0;

	for (int k = 0; k < 200; k++)
		pool[k] = (struct node){k < 199 ? &pool[k + 1] : 0, (int16_t)(k * 7919), (int16_t)k};
	for (int i = 0; i < 20; i++)
		for (int j = 0; j < 20; j++) {
			a[i][j] = (int16_t)(i * j + 1);
			b[i][j] = (int16_t)(i - j);
		}
	for (unsigned it = 0; it < scale * 400; it++) {
		struct node *l = reverse(pool[0].next ? &pool[0] : &pool[199]);
		int find = 0;

		for (struct node *n = l; n; n = n->next)
			find += (n->data & 0xff) == (int)(it & 0xff);
		l = reverse(l);
		crc = crc16(crc, (uint16_t)(find + l->idx));
		for (int i = 0; i < 20; i++)
			for (int j = 0; j < 20; j++) {
				int32_t s = 0;

				for (int k = 0; k < 20; k++)
					s += a[i][k] * b[k][j];
				c[i][j] = s;
			}
		a[it % 20][it % 19]++;
		crc = crc16(crc, (uint16_t)c[it % 20][3]);
		crc = crc16(crc, (uint16_t)state_machine(text));
	}
	return crc;
}

/* -- LZ77 with a hash table, and back -- */
uint64_t bench_lz(unsigned scale)
{
	enum { N = 1 << 16 };
	static uint8_t in[N], out[2 * N], back[N];
	static uint32_t head[4096];
	uint64_t s = 88172645463325252u, sum = 0;

	for (int k = 0; k < N; k++)
		in[k] = (uint8_t)(k > 64 && (rnd(&s) & 7) ? in[k - 1 - (int)(s >> 40 & 63)] : "etaoin shrdlu"[s % 13]);
	for (unsigned it = 0; it < scale * 12; it++) {
		uint32_t o = 0, p = 0, q = 0;

		memset(head, 0, sizeof(head));
		while (p + 4 < N) {
			uint32_t h = (uint32_t)(in[p] | in[p + 1] << 8 | in[p + 2] << 16) * 2654435761u >> 20, m = head[h], l = 0;

			head[h] = p;
			if (m && p - m < 65536)
				while (l < 255 && p + l < N && in[m + l] == in[p + l])
					l++;
			if (l >= 4) {
				out[o++] = (uint8_t)l;
				out[o++] = (uint8_t)(p - m);
				out[o++] = (uint8_t)((p - m) >> 8);
				p += l;
			} else {
				out[o++] = 0;
				out[o++] = in[p++];
			}
		}
		for (uint32_t k = 0; k < o;) {
			if (out[k]) {
				uint32_t d = out[k + 1] | (uint32_t)out[k + 2] << 8;

				for (uint32_t l = out[k]; l--; q++)
					back[q] = back[q - d];
				k += 3;
			} else {
				back[q++] = out[k + 1];
				k += 2;
			}
		}
		sum += o + (uint64_t)(memcmp(in, back, q) == 0) + back[q / 2];
		in[it % N] ^= 1;
	}
	return sum;
}

uint64_t bench_hash(unsigned scale)
{
	static uint8_t buf[4096];
	uint64_t h = 14695981039346656037u;
	uint32_t a = 1, b = 0;

	for (unsigned k = 0; k < sizeof(buf); k++)
		buf[k] = (uint8_t)(k * 37);
	for (unsigned it = 0; it < scale * 600; it++) {
		for (unsigned k = 0; k < sizeof(buf); k += 8) {
			uint64_t v;

			memcpy(&v, buf + k, 8);
			h = (h ^ v) * 1099511628211u;
			h = h << 31 | h >> 33;
			a += (uint32_t)v;
			b ^= a * 0x85ebca6bu;
		}
		buf[it % sizeof(buf)] = (uint8_t)h;
	}
	return h ^ a ^ b;
}

static int cmp32(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return (a > b) - (a < b);
}

static void quick(uint32_t *v, long lo, long hi)
{
	while (lo < hi) {
		uint32_t p = v[(lo + hi) / 2];
		long i = lo, j = hi;

		while (i <= j) {
			while (v[i] < p)
				i++;
			while (v[j] > p)
				j--;
			if (i <= j) {
				uint32_t t = v[i];

				v[i++] = v[j];
				v[j--] = t;
			}
		}
		if (j - lo < hi - i) {
			quick(v, lo, j);
			lo = i;
		} else {
			quick(v, i, hi);
			hi = j;
		}
	}
}

uint64_t bench_sort(unsigned scale)
{
	enum { N = 20000 };
	static uint32_t v[N];
	uint64_t s = 1, sum = 0;

	for (unsigned it = 0; it < scale * 4; it++) {
		for (int k = 0; k < N; k++)
			v[k] = (uint32_t)rnd(&s);
		if (it & 3)
			quick(v, 0, N - 1);
		else
			qsort(v, N, sizeof(v[0]), cmp32);
		sum += v[0] + v[N / 2] + v[N - 1];
	}
	return sum;
}

/* -- a bytecode interpreter running a sieve-like loop -- */
enum { OP_PUSH, OP_ADD, OP_SUB, OP_MUL, OP_LT, OP_JZ, OP_JMP, OP_LOAD, OP_STORE, OP_XOR, OP_END };

uint64_t bench_bytecode(unsigned scale)
{
	static const int32_t code[] = {
		OP_PUSH, 0, OP_STORE, 0, OP_PUSH, 1, OP_STORE, 1,
		/* 8 */ OP_LOAD, 0, OP_PUSH, 100000, OP_LT, OP_JZ, 37,
		/* 15 */ OP_LOAD, 1, OP_PUSH, 31, OP_MUL, OP_LOAD, 0, OP_XOR, OP_PUSH, 7, OP_ADD, OP_STORE, 1,
		OP_LOAD, 0, OP_PUSH, 1, OP_ADD, OP_STORE, 0, OP_JMP, 8,
		/* 37 */ OP_END,
	};
	int64_t stack[16], var[4] = {0}, sum = 0;

	for (unsigned it = 0; it < scale; it++) {
		int sp = 0;

		for (const int32_t *p = code;;) {
			switch (*p++) {
			case OP_PUSH: stack[sp++] = *p++; break;
			case OP_ADD: sp--; stack[sp - 1] += stack[sp]; break;
			case OP_SUB: sp--; stack[sp - 1] -= stack[sp]; break;
			case OP_MUL: sp--; stack[sp - 1] = (int32_t)((uint32_t)stack[sp - 1] * (uint32_t)stack[sp]); break;
			case OP_LT: sp--; stack[sp - 1] = stack[sp - 1] < stack[sp]; break;
			case OP_JZ: p = stack[--sp] ? p + 1 : code + *p; break;
			case OP_JMP: p = code + *p; break;
			case OP_LOAD: stack[sp++] = var[*p++]; break;
			case OP_STORE: var[*p++] = stack[--sp]; break;
			case OP_XOR: sp--; stack[sp - 1] ^= stack[sp]; break;
			default: goto done;
			}
		}
done:
		sum += var[1];
	}
	return (uint64_t)sum;
}

static __attribute__((noinline)) uint64_t fib(unsigned n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

static __attribute__((noinline)) unsigned ack(unsigned m, unsigned n)
{
	return !m ? n + 1 : !n ? ack(m - 1, 1) : ack(m - 1, ack(m, n - 1));
}

uint64_t bench_calls(unsigned scale)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < scale; k++)
		sum += fib(25 + (k & 1)) + ack(2, 300);
	return sum;
}

#define FN(n, e) static __attribute__((noinline)) uint64_t fn##n(uint64_t x) { return e; }
FN(0, x + 1)
FN(1, x * 3)
FN(2, x ^ x >> 7)
FN(3, x - 5)
FN(4, x << 1 | x >> 63)
FN(5, ~x)
FN(6, x + (x & 15))
FN(7, x ^ 0x5555)
static uint64_t (*volatile fns[8])(uint64_t) = {fn0, fn1, fn2, fn3, fn4, fn5, fn6, fn7};

uint64_t bench_indirect(unsigned scale)
{
	uint64_t x = 1, s = 7;

	for (unsigned k = 0; k < scale * 500000; k++)
		x = fns[rnd(&s) & 7](x);
	return x;
}

uint64_t bench_strings(unsigned scale)
{
	static char buf[8192];
	uint64_t sum = 0;

	for (unsigned k = 0; k + 1 < sizeof(buf); k++)
		buf[k] = (char)('a' + k % 23);
	for (unsigned it = 0; it < scale * 40; it++) {
		unsigned n = 0, words = 0;
		uint32_t h = 0;

		buf[it % 8000] = ' ';
		for (const char *p = buf; *p; p++) { /* byte loop: case, count, hash */
			char c = *p;

			if (c == ' ')
				words++;
			else if (c >= 'a' && c <= 'z')
				c = (char)(c - 32);
			h = h * 31 + (uint8_t)c;
			n++;
		}
		for (char *p = buf, *q = buf + n - 1; p < q; p++, q--) {
			char t = *p;

			*p = *q;
			*q = t;
		}
		sum += h + words + n;
	}
	return sum;
}

uint64_t bench_bits(unsigned scale)
{
	uint64_t s = 99, sum = 0;

	for (unsigned k = 0; k < scale * 300000; k++) {
		uint64_t v = rnd(&s);

		sum += (uint64_t)__builtin_clzll(v | 1) + __builtin_bswap64(v) % 7 + (v << (k & 63) | v >> (-k & 63));
		sum ^= (uint64_t)((__int128)(int64_t)v * (int64_t)sum >> 64) + (v / ((sum & 0xffff) | 1));
	}
	return sum;
}
