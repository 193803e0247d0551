check_PROGRAMS += tests/dev/t_chardev
tests_dev_t_chardev_LDADD = $(LIBDEV) $(LIBMEM) $(LIBBASE)
check_PROGRAMS += tests/dev/t_pl011
tests_dev_t_pl011_LDADD = $(LIBDEV) $(LIBMEM) $(LIBBASE)
check_PROGRAMS += tests/dev/t_fwcfg
tests_dev_t_fwcfg_LDADD = $(LIBDEV) $(LIBMEM) $(LIBBASE)
