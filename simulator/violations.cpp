#include "violations.hpp"

namespace peerstore::simulator {

void Violations::judge(std::string_view law, const std::optional<std::string>& flaw,
                       std::vector<std::uint32_t> machines) {
  if (!flaw) return;
  ++total_;
  if (first_) return;
  first_ = Violation{clock_.now(), std::string(law), *flaw, std::move(machines)};
  if (witness_) witness_(*first_);
}

}  // namespace peerstore::simulator
