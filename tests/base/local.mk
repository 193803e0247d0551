check_PROGRAMS += tests/base/t_timer
tests_base_t_timer_LDADD = $(LIBBASE)
check_PROGRAMS += tests/base/t_opts
tests_base_t_opts_LDADD = $(LIBBASE)
check_PROGRAMS += tests/base/t_outfile
tests_base_t_outfile_LDADD = $(LIBBASE)
