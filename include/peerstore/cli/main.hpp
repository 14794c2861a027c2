// The peerstore command.
#pragma once

namespace peerstore::cli {

// Reads the command line, does it, and returns the exit code of docs/commands.md.
int main(int count, char** arguments);

}  // namespace peerstore::cli
