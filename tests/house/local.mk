dist_check_SCRIPTS += tests/house/layers.sh tests/house/headers.sh tests/house/docs.sh tests/house/mutants.sh
dist_check_SCRIPTS += tests/house/again.sh
