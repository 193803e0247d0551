// node work.js: the seeds 1 to 4 at once, a worker each.
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
function step(x) {
	x ^= x << 13;
	x ^= x >>> 17;
	return x ^ x << 5;
}
function primes(n) {
	const sieve = new Uint8Array(n).fill(1);
	let count = 0;
	for (let i = 2; i < n; i++) {
		if (!sieve[i])
			continue;
		count++;
		for (let k = 2 * i; k < n; k += i)
			sieve[k] = 0;
	}
	return count;
}
function work(seed) {
	let x = seed, acc = 0, d = 0.25 + seed / 64, h = 7;
	const words = [];
	for (let i = 0; i < 1000000; i++) {
		x = step(x);
		acc = acc + (x & 255) * (i & 15) | 0;
	}
	for (let i = 0; i < 500000; i++)
		d = 3.99 * d * (1 - d);
	for (let i = 0; i < 20000; i++) {
		x = step(x);
		words.push(`w${(x >>> 0) % 1000}q${x >>> 16}`);
	}
	words.sort();
	for (const w of words)
		for (let k = 0; k < w.length; k++)
			h = Math.imul(h, 31) + w.charCodeAt(k) | 0;
	return `seed ${seed}: ${primes(300000 + seed * 1000)} ${acc >>> 0} ${Math.floor(d * 1125899906842624)} ${h >>> 0}`;
}
if (isMainThread)
	for (let seed = 1; seed <= 4; seed++)
		new Worker(__filename, { workerData: seed }).on('message', (m) => console.log(m));
else
	parentPort.postMessage(work(workerData));
