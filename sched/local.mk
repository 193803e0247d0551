# The library joins the build with the parts of a64 that it calls (tlbi.h, psci.h, vcpu_reset()).
LIBSCHED =
