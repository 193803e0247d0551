/* The commands under `parma litmus`; cmd_litmus.c dispatches. */
#ifndef PARMA_CLI_LITMUS_PRIV_H
#define PARMA_CLI_LITMUS_PRIV_H

int litmus_gen(int argc, char **argv);

#endif
