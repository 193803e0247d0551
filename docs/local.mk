# The manual page: its options are those of the program.
man_MANS = docs/parma.1
CLEANFILES += docs/parma.1 docs/parma.1.main docs/parma.1.boot docs/parma.1.tmp
EXTRA_DIST += docs/parma.1.in docs/mkman.awk docs/ARCHITECTURE.md docs/CONCURRENCY.md docs/layers.txt docs/MEMORY-MODEL.md \
	docs/LIFE-OF-AN-INSTRUCTION.md docs/DEBUGGING.md docs/LOCKSTEP.md docs/ADDING.md docs/VERIFICATION.md docs/PERFORMANCE.md docs/LITMUS.md \
	docs/scaling-2cores.svg docs/scaling-2cores.csv
docs/parma.1: docs/parma.1.in docs/mkman.awk parma$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) docs && ./parma$(EXEEXT) --help >$@.main && ./parma$(EXEEXT) help boot >$@.boot && \
		{ sed 's/^/C/' $@.main; sed 's/^/O/' $@.boot; } | $(AWK) -f $(srcdir)/docs/mkman.awk - $(srcdir)/docs/parma.1.in >$@.tmp && \
		mv $@.tmp $@ && rm $@.main $@.boot
