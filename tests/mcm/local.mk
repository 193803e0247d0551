# Memory models: sets of states, the enumerator, cycles, mappings and rules.
check_PROGRAMS += tests/mcm/t_states tests/mcm/t_solve tests/mcm/t_cycle tests/mcm/t_mapping tests/mcm/t_rules tests/mcm/t_names
tests_mcm_t_states_LDADD = $(LIBMCM) $(LIBBASE)
tests_mcm_t_solve_LDADD = $(LIBMCM) $(LIBBASE)
tests_mcm_t_cycle_LDADD = $(LIBMCM) $(LIBBASE)
tests_mcm_t_mapping_LDADD = $(LIBMCM) $(LIBBASE)
tests_mcm_t_rules_LDADD = $(LIBMCM) $(LIBBASE)
tests_mcm_t_names_LDADD = $(LIBMCM) $(LIBBASE)
