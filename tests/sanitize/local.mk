# make check-sanitizers: an hour and more. SANITIZE="gcc-thread": which builds.
EXTRA_DIST += tests/sanitize/run.sh
check-sanitizers:
	top_srcdir=$(abs_top_srcdir) bash $(abs_top_srcdir)/tests/sanitize/run.sh $(SANITIZE)
.PHONY: check-sanitizers
