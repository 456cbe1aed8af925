#include "peer_watch.h"

#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "../../core/error.h"
#include "../../core/text.h"

namespace embark {

namespace {

using namespace std::chrono_literals;

constexpr auto kBeat = 500ms;
/// In which a living process has said so.
constexpr auto kPatience = 4 * kBeat;
/// In which a store that can be reached answers.
constexpr auto kStoreAnswers = 10s;

std::string beat_key(int64_t rank) {
    return concat("beat/", rank);
}

}  // namespace

/// Shared with the thread that beats, which may outlive the watch where the network does not answer.
struct PeerWatch::State {
    ProcessGroupOptions options;
    c10::intrusive_ptr<c10d::Store> store;
    std::atomic<int64_t> exchange = 0;
    std::mutex mutex;
    std::condition_variable changed;
    bool ending = false;
    bool ended = false;

    /// Where everyone is: their beats and their exchanges, by rank; without those that never said anything.
    struct Beat {
        std::string text;
        int64_t exchange = 0;
    };
    std::map<int64_t, Beat> beats() const {
        std::map<int64_t, Beat> all;
        for (int64_t rank = 0; rank < options.size; ++rank) {
            if (!store->check({beat_key(rank)})) continue;
            const std::string text = store->get_to_str(beat_key(rank));
            all[rank] = {text, parse_int(text.substr(text.find('@') + 1)).value_or(0)};
        }
        return all;
    }

    std::string find_lost() const;
    void beat();
};

void PeerWatch::State::beat() {
    std::unique_lock lock(mutex);
    for (int64_t count = 0; !ending; ++count) {
        lock.unlock();
        try {
            store->set(beat_key(options.rank), concat(count, "@", exchange.load()));
        } catch (const std::exception&) {
            // The store's own process may have ended before this one; whoever misses it in an exchange will say so.
        }
        lock.lock();
        changed.wait_for(lock, kBeat, [&] { return ending; });
    }
    ended = true;
    changed.notify_all();
}

std::string PeerWatch::State::find_lost() const {
    const std::string verdict = "verdict";
    if (store->check({verdict})) return store->get_to_str(verdict);
    const auto before = beats();
    std::this_thread::sleep_for(kPatience);
    const auto after = beats();
    std::vector<std::string> lost;
    int64_t slowest = options.rank;
    for (int64_t rank = 0; rank < options.size; ++rank) {
        if (rank == options.rank) continue;
        const auto then = before.find(rank), now = after.find(rank);
        const bool lives = then != before.end() && now != after.end() && then->second.text != now->second.text;
        if (!lives) {
            lost.push_back(std::to_string(rank));
        } else if (now->second.exchange < (slowest == options.rank ? exchange.load() : after.at(slowest).exchange)) {
            slowest = rank;
        }
    }
    std::string found = "the cause is not known: all processes still live";
    if (lost.size() == 1) found = concat("rank ", lost.front(), " is gone");
    if (lost.size() > 1) found = concat("ranks ", join(lost), " are gone");
    if (lost.empty() && slowest != options.rank) {
        found = concat("rank ", slowest, " lives and hangs: it is at exchange ", after.at(slowest).exchange,
                       " where rank ", options.rank, " is at ", exchange.load());
    }
    // Another may have found out meanwhile, and left.
    const std::string first = store->compareSet(verdict, "", found);
    return first.empty() ? found : first;
}

PeerWatch::PeerWatch(const ProcessGroupOptions& options) : state_(std::make_shared<State>()) {
    c10d::TCPStoreOptions tcp;
    tcp.port = static_cast<uint16_t>(options.port);
    tcp.waitWorkers = false;
    tcp.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(kStoreAnswers);
    state_->options = options;
    state_->store = c10::make_intrusive<c10d::PrefixStore>(concat("embark/watch/", options.name),
                                                           c10::make_intrusive<c10d::TCPStore>(options.address, tcp));
    std::thread([state = state_] { state->beat(); }).detach();
}

PeerWatch::~PeerWatch() {
    std::unique_lock lock(state_->mutex);
    state_->ending = true;
    state_->changed.notify_all();
    state_->changed.wait_for(lock, 2s, [&] { return state_->ended; });
}

void PeerWatch::at_exchange(int64_t count) {
    state_->exchange = count;
}

std::string PeerWatch::diagnose() const {
    const auto& options = state_->options;
    const std::string where = concat(options.address, ":", options.port);
    const std::string unreachable =
        options.launcher_listens || options.rank == 0
            ? concat("the launcher's store at ", where, " cannot be reached")
            : concat("rank 0 is gone, or the way to it: its store at ", where, " cannot be reached");
    // In a thread of its own, as a network that is down may leave it waiting for ever.
    auto answer = std::make_shared<std::promise<std::string>>();
    auto found = answer->get_future();
    std::thread([state = state_, answer, unreachable] {
        try {
            answer->set_value(state->find_lost());
        } catch (const std::exception&) {
            answer->set_value(unreachable);
        }
    }).detach();
    return found.wait_for(kStoreAnswers) == std::future_status::ready ? found.get() : unreachable;
}

}  // namespace embark
