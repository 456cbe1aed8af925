#include "backend.h"

#include <array>
#include <memory>

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "../core/error.h"

namespace embark {

namespace {

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

std::shared_ptr<gloo::transport::Device> device_for(const ProcessGroupOptions& options) {
    using Gloo = c10d::ProcessGroupGloo;
    if (!options.interface.empty()) return Gloo::createDeviceForInterface(options.interface);
    const std::string own = own_address_towards(options.address, options.port);
    return own.empty() ? Gloo::createDefaultDevice() : Gloo::createDeviceForHostname(own);
}

}  // namespace

void require_backend() {}

c10::intrusive_ptr<c10d::Backend> make_backend(const c10::intrusive_ptr<c10d::Store>& store,
                                               const ProcessGroupOptions& options) {
    const auto gloo = c10d::ProcessGroupGloo::Options::create(
        std::chrono::milliseconds(static_cast<int64_t>(options.timeout * 1000)));
    gloo->devices.push_back(device_for(options));
    return c10::make_intrusive<c10d::ProcessGroupGloo>(store, static_cast<int>(options.rank),
                                                       static_cast<int>(options.size), gloo);
}

}  // namespace embark
