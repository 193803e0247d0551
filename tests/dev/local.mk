check_PROGRAMS += tests/dev/t_chardev
tests_dev_t_chardev_LDADD = $(LIBDEV) $(LIBMEM) $(LIBBASE)
