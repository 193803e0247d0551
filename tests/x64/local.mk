X64_TESTS = tests/x64/t_lower_vec tests/x64/t_lower_fp
check_PROGRAMS += $(X64_TESTS)
EXTRA_DIST += tests/x64/native.h
tests_x64_t_lower_vec_LDADD = $(LIBX64) $(LIBIR) $(LIBBASE) -lm
tests_x64_t_lower_fp_LDADD = $(LIBX64) $(LIBIR) $(LIBBASE) -lm
