/* Stands in for the host's, in the guest. */
enum { EXIT_HOST = 71 };
