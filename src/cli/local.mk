noinst_LIBRARIES += libcli.a
# One line a command, added with +=.
libcli_a_SOURCES = src/cli/cli.h src/cli/cli.c
libcli_a_SOURCES += src/cli/boot_opts.h src/cli/boot_opts.def src/cli/boot_opts.c src/cli/cmd_boot.c
libcli_a_SOURCES += src/cli/cmd_model.c src/cli/cmd_mapping.c
libcli_a_SOURCES += src/cli/cmd_litmus.c src/cli/litmus_priv.h src/cli/litmus_gen.c src/cli/cmd_explain.c
libcli_a_SOURCES += src/cli/litmus_opts.c src/cli/litmus_session.c src/cli/litmus_campaign.c
libcli_a_SOURCES += src/cli/litmus_jobs.c src/cli/litmus_progress.c
libcli_a_SOURCES += src/cli/qmpclient.h src/cli/qmpclient.c src/cli/cmd_top.c
libcli_a_SOURCES += src/cli/scale.h src/cli/cmd_scale.c src/cli/scale_run.c src/cli/scale_signal.h src/cli/scale_signal.c
libcli_a_SOURCES += src/cli/scale_fit.h src/cli/scale_fit.c src/cli/scale_report.c src/cli/scale_svg.c
libcli_a_SOURCES += src/cli/scale_priv.h src/cli/scale_guest.c src/cli/scale_png.c
libcli_a_SOURCES += src/cli/scale_explain.c src/cli/scale_native.c
LIBCLI = libcli.a

# Highest layer first: each library may use those to its right.
bin_PROGRAMS += parma
parma_SOURCES = src/main.c
parma_LDADD = $(LIBCLI) $(LIBLITMUS) $(LIBMACHINE) $(LIBDEV) $(LIBSCHED) $(LIBXLATE) $(LIBTCACHE) $(LIBX64) \
	$(LIBA64) $(LIBIR) $(LIBMCM) $(LIBMEM) $(LIBBASE) \
	$(FDT_LIBS) $(SLIRP_LIBS) $(CAPSTONE_LIBS) $(HWLOC_LIBS) $(URCU_LIBS) $(ZLIB_LIBS) $(JANSSON_LIBS) -lm
if !SANITIZE
parma_LDADD += $(JEMALLOC_LIBS)
endif
