// java Work.java: the seeds 1 to 4 at once, a thread each.
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

public class Work {
	static int step(int x) {
		x ^= x << 13;
		x ^= x >>> 17;
		return x ^ x << 5;
	}

	static int primes(int n) {
		BitSet composite = new BitSet(n);
		int count = 0;
		for (int i = 2; i < n; i++) {
			if (composite.get(i))
				continue;
			count++;
			for (int k = 2 * i; k < n; k += i)
				composite.set(k);
		}
		return count;
	}

	static String work(int seed) {
		int x = seed, acc = 0, h = 7;
		double d = 0.25 + seed / 64.0;
		List<String> words = new ArrayList<>();
		for (int i = 0; i < 1000000; i++) {
			x = step(x);
			acc += (x & 255) * (i & 15);
		}
		for (int i = 0; i < 500000; i++)
			d = 3.99 * d * (1 - d);
		for (int i = 0; i < 20000; i++) {
			x = step(x);
			words.add("w" + Integer.toUnsignedLong(x) % 1000 + "q" + (x >>> 16));
		}
		Collections.sort(words);
		for (String w : words)
			for (char c : w.toCharArray())
				h = h * 31 + c;
		return "seed " + seed + ": " + primes(300000 + seed * 1000) + " " + Integer.toUnsignedString(acc) + " "
			+ (long) (d * 1125899906842624.0) + " " + Integer.toUnsignedString(h);
	}

	public static void main(String[] args) {
		IntStream.rangeClosed(1, 4).parallel().mapToObj(Work::work).forEach(System.out::println);
	}
}
