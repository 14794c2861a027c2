#include <peerstore/cli/main.hpp>

int main(int count, char** arguments) { return peerstore::cli::main(count, arguments); }
