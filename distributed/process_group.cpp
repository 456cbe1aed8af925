#include "process_group.h"

#include <numeric>

#include <torch/types.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "../core/error.h"
#include "../core/text.h"
#include "detail/backend.h"
#include "detail/peer_watch.h"

namespace embark {

namespace {

using std::chrono::milliseconds;
using Work = c10::intrusive_ptr<c10d::Work>;

c10d::ReduceOp operation(Reduce how) {
    if (how == Reduce::max) return c10d::ReduceOp::MAX;
    return how == Reduce::min ? c10d::ReduceOp::MIN : c10d::ReduceOp::SUM;
}

milliseconds timeout_of(const ProcessGroupOptions& options) {
    return milliseconds(static_cast<int64_t>(options.timeout * 1000));
}

c10::intrusive_ptr<c10d::Store> open_store(const ProcessGroupOptions& options) {
    c10d::TCPStoreOptions tcp;
    tcp.port = static_cast<uint16_t>(options.port);
    tcp.isServer = options.rank == 0 && !options.launcher_listens;
    tcp.waitWorkers = false;
    tcp.timeout = timeout_of(options);
    try {
        return c10::make_intrusive<c10d::TCPStore>(options.address, tcp);
    } catch (const std::exception& error) {
        const bool taken = std::string_view(error.what()).find("EADDRINUSE") != std::string_view::npos;
        if (taken) {
            fail("Rank 0 cannot listen at port ", options.port,
                 ", which another program has: choose another MASTER_PORT");
        }
        fail("Rank ", options.rank, " cannot meet the others at ", options.address, ":", options.port, " within ",
             options.timeout, " s: check MASTER_ADDR and MASTER_PORT, and whether rank 0 was started");
    }
}

/// Waits until every rank has come to the store.
void meet(c10d::Store& store, const ProcessGroupOptions& options) {
    std::vector<std::string> keys;
    for (int64_t rank = 0; rank < options.size; ++rank) keys.push_back(concat("here/", rank));
    store.set(keys[static_cast<size_t>(options.rank)], "here");
    std::vector<std::string> missing;
    try {
        return store.wait(keys, timeout_of(options));
    } catch (const std::exception&) {
        for (int64_t rank = 0; rank < options.size; ++rank) {
            if (!store.check({keys[static_cast<size_t>(rank)]})) missing.push_back(std::to_string(rank));
        }
    }
    fail("Not all of ", options.size, " processes came within ", options.timeout, " s: rank ", join(missing),
         " did not; start one process for each rank");
}

int64_t bytes_in(const at::Tensor& tensor) {
    return static_cast<int64_t>(tensor.nbytes());
}

}  // namespace

struct ProcessGroup::Impl {
    c10::intrusive_ptr<c10d::Store> store;
    c10::intrusive_ptr<c10d::Backend> backend;
    std::shared_ptr<PeerWatch> watch;
    int64_t rank = 0;
    int64_t exchanges = 0;

    /// Begins what `start` begins.
    template <class Start>
    Work begin(Start start) {
        watch->at_exchange(++exchanges);
        try {
            return start();
        } catch (const std::exception&) {
            lost();
        }
    }
    template <class Start>
    void run(Start start) {
        finish(begin(start));
    }
    void finish(const Work& work) const {
        try {
            work->wait();
        } catch (const std::exception&) {
            lost();
        }
    }
    [[noreturn]] void lost() const {
        fail("Rank ", rank, " cannot go on with exchange ", exchanges, ": ", watch->diagnose(),
             "; start all processes again, and let them go on from a checkpoint");
    }
};

ProcessGroup::ProcessGroup(ProcessGroupOptions options)
    : options_(std::move(options)), impl_(std::make_unique<Impl>()) {
    check(options_);
    impl_->rank = options_.rank;
    if (options_.size == 1) return;
    require_backend();
    impl_->store = c10::make_intrusive<c10d::PrefixStore>(concat("embark/", options_.name), open_store(options_));
    meet(*impl_->store, options_);
    impl_->watch = std::make_shared<PeerWatch>(options_);
    try {
        impl_->backend = make_backend(impl_->store, options_);
    } catch (const Error&) {
        throw;
    } catch (const std::exception& error) {
        const std::string text = error.what();
        fail("Rank ", options_.rank, " cannot connect to the other processes: ", text.substr(0, text.find('\n')),
             "; GLOO_SOCKET_IFNAME names the network interface to use");
    }
}

ProcessGroup::~ProcessGroup() = default;

std::shared_ptr<ProcessGroup> ProcessGroup::from_environment() {
    // One for the whole program: its fits use the same connections one after the other.
    static const std::shared_ptr<ProcessGroup> group = [] {
        auto options = launch_environment();
        return options.size == 1 ? nullptr : std::make_shared<ProcessGroup>(std::move(options));
    }();
    return group;
}

Exchange ProcessGroup::start_all_reduce(const at::Tensor& values, Reduce how) {
    if (size() == 1 || values.numel() == 0) return {};
    bytes_sent_ += 2 * (size() - 1) * bytes_in(values) / size();
    std::vector<at::Tensor> tensors = {values};
    c10d::AllreduceOptions options;
    options.reduceOp = operation(how);
    const Work work = impl_->begin([&] { return impl_->backend->allreduce(tensors, options); });
    return Exchange([impl = impl_.get(), work, values] { impl->finish(work); });
}

void ProcessGroup::broadcast(at::Tensor& values, int64_t from) {
    if (size() == 1 || values.numel() == 0) return;
    std::vector<at::Tensor> tensors = {values.detach().to(at::kCPU).contiguous().clone()};
    c10d::BroadcastOptions options;
    options.rootRank = from;
    if (rank() == from) bytes_sent_ += (size() - 1) * bytes_in(values);
    impl_->run([&] { return impl_->backend->broadcast(tensors, options); });
    torch::NoGradGuard no_grad;
    if (rank() != from) values.copy_(tensors.front());
}

Tensors ProcessGroup::all_gather_equal(const at::Tensor& rows) {
    if (size() == 1) return Strategy::all_gather_equal(rows);
    std::vector<at::Tensor> inputs = {rows.detach().to(at::kCPU).contiguous()};
    bytes_sent_ += (size() - 1) * bytes_in(inputs.front());
    std::vector<std::vector<at::Tensor>> outputs(1);
    for (int64_t r = 0; r < size(); ++r) outputs.front().push_back(at::empty_like(inputs.front()));
    impl_->run([&] { return impl_->backend->allgather(outputs, inputs, c10d::AllgatherOptions()); });
    return outputs.front();
}

Tensors ProcessGroup::all_to_all(const Tensors& rows, const std::vector<int64_t>& to_get) {
    require(std::ssize(rows) == size() && std::ssize(to_get) == size(), "all_to_all was given ", rows.size(),
            " tensors and ", to_get.size(), " lengths: it needs one of each for each of ", size(), " processes");
    if (size() == 1) return Strategy::all_to_all(rows, to_get);
    Tensors own;
    for (const auto& part : rows) own.push_back(part.detach().to(at::kCPU).contiguous());
    std::vector<int64_t> to_send, lengths = to_get;
    for (size_t r = 0; r < own.size(); ++r) {
        to_send.push_back(own[r].size(0));
        if (static_cast<int64_t>(r) != rank()) bytes_sent_ += bytes_in(own[r]);
    }
    auto sent = at::cat(own);
    auto shape = sent.sizes().vec();
    shape.front() = std::accumulate(to_get.begin(), to_get.end(), int64_t{0});
    auto got = at::empty(shape, sent.options());
    impl_->run([&] { return impl_->backend->alltoall_base(got, sent, lengths, to_send, c10d::AllToAllOptions()); });
    return got.split_with_sizes(to_get);
}

}  // namespace embark
