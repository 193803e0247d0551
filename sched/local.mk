# sched: fragment of the top Makefile.am
LIBSCHED =
