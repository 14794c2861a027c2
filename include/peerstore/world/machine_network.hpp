// MachineNetwork: the network between simulated machines, whatever it is made of: VirtualNetwork hands
// structs over, for scale; StreamNetwork carries bytes under the production links, for fidelity.
#pragma once

#include <peerstore/link/directory.hpp>
#include <peerstore/runtime/clock.hpp>
#include <peerstore/wire/network.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace peerstore::link {
class LinkNetwork;
}

namespace peerstore::world {

class MachineNetwork {
 public:
  // How well messages travel; it begins as Options say.
  struct Weather {
    double loss = 0;
    double duplication = 0;  // share of questions that arrive twice; the second answer is dropped
    double reordering = 0;   // share of messages that are late by up to `delay_most`
    Duration jitter{};
    Duration delay_most{};
  };
  struct Counters {
    std::uint64_t calls = 0;
    std::uint64_t messages = 0;  // questions and answers: delivered; of one machine: sent
    std::uint64_t bytes = 0;     // of these, roughly as they would be encoded
  };
  // One message that was delivered. `request_kind` is the index of the question in wire::Request.
  // The pointers are good during the callback.
  struct Delivery {
    std::uint32_t from = 0;  // places in the order in which machines became known
    std::uint32_t to = 0;
    std::uint8_t request_kind = 0;
    bool is_answer = false;
    std::uint8_t error = 0;                          // an Errc, of an answer
    const wire::Request* request = nullptr;          // the question, of an answer too
    const Result<wire::Response>* answer = nullptr;  // nothing for a question
  };
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void delivered(const Delivery& delivery) = 0;
    // A question that may never arrive; `from` as in Delivery.
    virtual void sent(std::uint32_t /*from*/, const wire::MemberId& /*to*/,
                      const wire::Request& /*request*/) {}
  };

  // What a network has to know of a machine. All but the values outlive the member's next equip(), or the
  // hub.
  struct Equipment {
    Clock& clock;  // the machine's own, which stands still while it sleeps
    link::Directory& directory;
    crypto::SigningPublicKey node_key;
    std::string address;
  };

  virtual ~MachineNetwork() = default;

  // Each time that a process of the machine starts, before anything else of it. Its directory may be empty
  // until the node is open, as in the daemon.
  virtual void equip(const wire::MemberId& member, Equipment equipment) = 0;
  // For what the daemon does with its network besides asking; nothing where there are no links.
  virtual link::LinkNetwork* links_of_process(const wire::MemberId& member) = 0;

  // The network as this machine's node sees it. Lives as long as the hub.
  virtual wire::Network& endpoint(const wire::MemberId& member) = 0;
  // The network as a command of the owner of this machine sees it.
  virtual std::unique_ptr<wire::Network> client(const wire::MemberId& member, wire::PersonNumber person) = 0;
  // The network as a stranger sees it who has only an invitation.
  virtual std::unique_ptr<wire::Network> joiner() = 0;

  // The process of `member` begins to serve; `service` must outlive that.
  virtual void attach(const wire::MemberId& member, wire::Service* service, wire::PersonNumber person) = 0;
  // It ends: what it was serving is cancelled, and its callers see the link break. Not from within
  // one of its own answers.
  virtual void detach(const wire::MemberId& member) = 0;

  // The machine hears and says nothing. What it had asked before times out when it wakes.
  virtual void set_asleep(const wire::MemberId& member, bool asleep) = 0;
  // No message passes between the two; or none from the one to the other.
  virtual void cut(const wire::MemberId& a, const wire::MemberId& b) = 0;
  virtual void mend(const wire::MemberId& a, const wire::MemberId& b) = 0;
  virtual void cut_one_way(const wire::MemberId& from, const wire::MemberId& to) = 0;
  virtual void mend_one_way(const wire::MemberId& from, const wire::MemberId& to) = 0;
  // Messages pass only within an island. Everybody begins on island 0.
  virtual void set_island(const wire::MemberId& member, unsigned island) = 0;
  // Undoes every cut and brings everybody back to island 0. (Weather, routers and addresses stay.)
  virtual void heal() = 0;

  virtual void set_weather(const Weather& weather) = 0;
  virtual const Weather& weather() const = 0;
  // Each answer of this machine takes longer, by up to `extra`. Zero: no longer.
  virtual void set_slow(const wire::MemberId& member, Duration extra) = 0;
  // Bytes a second that it can send and receive; zero: as many as it likes. What exceeds them queues.
  virtual void set_bandwidth(const wire::MemberId& member, std::uint64_t up, std::uint64_t down) = 0;
  // A router lets in only those whom this machine has called, from now on and since both processes
  // began: a link works both ways once it is open. Others hear nothing.
  virtual void set_behind_nat(const wire::MemberId& member, bool behind_nat) = 0;
  // It has moved there, and its links broke. Callers reach it only if their directories
  // know this address, or over a link that either of the two opened since.
  virtual void set_address(const wire::MemberId& member, std::string address) = 0;

  // One at most; must outlive the hub, or be taken away with nullptr.
  virtual void observe(Observer* observer) = 0;
  virtual const Counters& counters() const = 0;
  // The place of `member` in Delivery.
  virtual std::uint32_t place_of(const wire::MemberId& member) = 0;
};

}  // namespace peerstore::world
