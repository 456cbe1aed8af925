#include "backend.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "../../core/error.h"

namespace embark {

namespace {

/// Keeps SIGPIPE from the calling thread while it lives, and from the threads that are started meanwhile for good.
/// Gloo's threads write to connections that a process which is gone has closed: that would end this process without a
/// word, where the failed exchange is to say who is gone. What the program does at SIGPIPE elsewhere stays its own
/// business.
class WithoutSigpipe {
public:
    WithoutSigpipe() {
        sigemptyset(&sigpipe_);
        sigaddset(&sigpipe_, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
    }
    ~WithoutSigpipe() {
        sigset_t waiting;
        sigemptyset(&waiting);
        sigpending(&waiting);
        int taken = 0;
        if (sigismember(&before_, SIGPIPE) == 0 && sigismember(&waiting, SIGPIPE) == 1) sigwait(&sigpipe_, &taken);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    WithoutSigpipe(const WithoutSigpipe&) = delete;
    WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

private:
    sigset_t sigpipe_, before_;
};

/// This machine's own address on the way to `address`; empty where none is found. Nothing is sent.
std::string own_address_towards(const std::string& address, int64_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return {};
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
    for (const addrinfo* way = found; way != nullptr; way = way->ai_next) {
        const int descriptor = socket(way->ai_family, way->ai_socktype | SOCK_CLOEXEC, way->ai_protocol);
        if (descriptor < 0) continue;
        sockaddr_storage own{};
        socklen_t length = sizeof own;
        std::array<char, NI_MAXHOST> text{};
        const bool known = connect(descriptor, way->ai_addr, way->ai_addrlen) == 0 &&
                           getsockname(descriptor, reinterpret_cast<sockaddr*>(&own), &length) == 0 &&
                           getnameinfo(reinterpret_cast<sockaddr*>(&own), length, text.data(), text.size(), nullptr, 0,
                                       NI_NUMERICHOST) == 0;
        close(descriptor);
        if (known) return text.data();
    }
    return {};
}

bool is_loopback(const std::string& address) {
    return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

std::string first_beyond_loopback(const std::vector<std::string>& addresses) {
    const auto found = std::find_if(addresses.begin(), addresses.end(), [](const std::string& address) {
        return !address.empty() && !is_loopback(address);
    });
    return found == addresses.end() ? std::string() : *found;
}

/// The address at which this process can be reached by all others, who say theirs in the store. Where rank 0's machine
/// calls itself by a loopback address, as Debian's /etc/hosts has it, that is no way for others: then the way to one of
/// theirs.
std::string own_address(c10d::Store& store, const ProcessGroupOptions& options) {
    const auto key_of = [](int64_t rank) { return concat("address/", rank); };
    const std::string own = own_address_towards(options.address, options.port);
    store.set(key_of(options.rank), own);
    std::vector<std::string> all;
    for (int64_t rank = 0; rank < options.size; ++rank) all.push_back(store.get_to_str(key_of(rank)));
    const std::string peer = is_loopback(own) ? first_beyond_loopback(all) : std::string();
    return peer.empty() ? own : own_address_towards(peer, options.port);
}

std::shared_ptr<gloo::transport::Device> device_for(c10d::Store& store, const ProcessGroupOptions& options) {
    using Gloo = c10d::ProcessGroupGloo;
    const std::string own = own_address(store, options);
    if (!options.interface.empty()) return Gloo::createDeviceForInterface(options.interface);
    return own.empty() ? Gloo::createDefaultDevice() : Gloo::createDeviceForHostname(own);
}

}  // namespace

void require_backend() {}

c10::intrusive_ptr<c10d::Backend> make_backend(const c10::intrusive_ptr<c10d::Store>& store,
                                               const ProcessGroupOptions& options) {
    const WithoutSigpipe without_sigpipe;
    const auto gloo = c10d::ProcessGroupGloo::Options::create(
        std::chrono::milliseconds(static_cast<int64_t>(options.timeout * 1000)));
    gloo->devices.push_back(device_for(*store, options));
    return c10::make_intrusive<c10d::ProcessGroupGloo>(store, static_cast<int>(options.rank),
                                                       static_cast<int>(options.size), gloo);
}

}  // namespace embark
