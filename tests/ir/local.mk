# Intermediate code
check_PROGRAMS += tests/ir/t_fold
tests_ir_t_fold_LDADD = $(LIBIR) $(LIBBASE) -lm
