/*
 * The stripes of the exclusive monitors (see monitor.h).  One table for the
 * process: a stripe is found by host address, so machines do not collide.
 */
#include "mem/monitor.h"

struct monitor_stripe monitor_stripes[MONITOR_STRIPES];
