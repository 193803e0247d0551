-- luajit work.lua SEED
local bit = require("bit")
local bxor, shl, shr, band, tobit = bit.bxor, bit.lshift, bit.rshift, bit.band, bit.tobit
local function step(x)
	x = bxor(x, shl(x, 13))
	x = bxor(x, shr(x, 17))
	return bxor(x, shl(x, 5))
end
local function unsigned(x) return x % 4294967296 end
local function primes(n)
	local sieve, count = {}, 0
	for i = 2, n - 1 do sieve[i] = true end
	for i = 2, n - 1 do
		if sieve[i] then
			count = count + 1
			for k = 2 * i, n - 1, i do sieve[k] = false end
		end
	end
	return count
end
local function work(seed)
	local x, acc, d, h, words = seed, 0, 0.25 + seed / 64, 7, {}
	for i = 0, 999999 do
		x = step(x)
		acc = tobit(acc + band(x, 255) * band(i, 15))
	end
	for _ = 1, 500000 do d = 3.99 * d * (1 - d) end
	for i = 1, 20000 do
		x = step(x)
		words[i] = string.format("w%dq%d", unsigned(x) % 1000, shr(x, 16))
	end
	table.sort(words)
	for _, w in ipairs(words) do
		for k = 1, #w do h = tobit(h * 31 + w:byte(k)) end
	end
	return string.format("seed %d: %d %.0f %.0f %.0f", seed, primes(300000 + seed * 1000), unsigned(acc),
		math.floor(d * 1125899906842624), unsigned(h))
end
print(work(tonumber(arg[1])))
