# What the programs beside it compute, for t_jits.sh to compare: integers, doubles and strings, from seeds.
import sys
M = 0xffffffff
def work(seed):
    n = 300000 + seed * 1000
    sieve = bytearray([1]) * n
    count = 0
    for i in range(2, n):
        if sieve[i]:
            count += 1
            sieve[2 * i::i] = bytes(len(range(2 * i, n, i)))
    x, acc = seed, 0
    for i in range(1000000):
        x ^= x << 13 & M
        x ^= x >> 17
        x ^= x << 5 & M
        acc = (acc + (x & 255) * (i & 15)) & M
    d = 0.25 + seed / 64
    for i in range(500000):
        d = 3.99 * d * (1 - d)
    words = []
    for i in range(20000):
        x ^= x << 13 & M
        x ^= x >> 17
        x ^= x << 5 & M
        words.append("w%dq%d" % (x % 1000, x >> 16))
    words.sort()
    h = 7
    for w in words:
        for c in w:
            h = (h * 31 + ord(c)) & M
    return "seed %d: %d %d %d %d" % (seed, count, acc, int(d * 1125899906842624), h)
for seed in range(1, 5):
    print(work(seed))
