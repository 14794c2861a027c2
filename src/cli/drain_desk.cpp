#include "drain_desk.hpp"

#include "output.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace peerstore::cli {

namespace {
std::string_view word_for(node::DrainStatus::Reason reason) {
  switch (reason) {
    case node::DrainStatus::Reason::away: return "away";
    case node::DrainStatus::Reason::full: return "full";
    case node::DrainStatus::Reason::taking: return "taking";
  }
  return "away";
}
}  // namespace

std::string DrainDesk::status() const {
  const node::DrainStatus status = node_.drain_status();
  boost::json::array waiting_for;
  for (const node::DrainStatus::Awaited& holder : status.waiting_for) {
    waiting_for.push_back(
        boost::json::object{{"name", printable(holder.name)}, {"reason", word_for(holder.reason)}});
  }
  const boost::json::object document{{"schema", 1},
                                     {"draining", status.draining},
                                     {"chunks", status.chunks},
                                     {"bytes", status.bytes},
                                     {"without_a_place", status.without_a_place},
                                     {"damaged", status.damaged},
                                     {"waiting_for", waiting_for}};
  return boost::json::serialize(document) + "\n";
}

std::string DrainDesk::preview() const {
  boost::json::object document{{"schema", 1}, {"ready", preview_.has_value()}, {"reckoning", reckoning_}};
  if (preview_) {
    boost::json::array friends;
    for (const node::DrainPreview::Friend& taker : preview_->friends) {
      friends.push_back(boost::json::object{{"name", printable(taker.name)},
                                            {"bytes", taker.bytes},
                                            {"bytes_free", taker.bytes_free},
                                            {"online", taker.live}});
    }
    document["friends"] = std::move(friends);
    document["chunks"] = preview_->chunks;
    document["without_a_place"] = preview_->without_a_place;
    document["ends_quota"] = preview_->ends_quota;
  }
  return boost::json::serialize(document) + "\n";
}

std::string DrainDesk::reckon() {
  preview_.reset();
  if (!std::exchange(reckoning_, true)) scope_.spawn(reckon_in_background());
  return preview();
}

Task<void> DrainDesk::reckon_in_background() {
  node::DrainPreview reckoned = co_await node_.preview_drain();
  preview_ = std::move(reckoned);
  reckoning_ = false;
}

}  // namespace peerstore::cli
