#include "checkpointer.h"

#include <cstdio>
#include <set>
#include <tuple>

#include <ATen/Parallel.h>
#include <torch/types.h>

#include "../../../core/detail/check_rng_state.h"
#include "../../../core/detail/checksum.h"
#include "../../../core/detail/printable.h"
#include "../../../core/error.h"
#include "../../../core/file.h"
#include "../../../core/text.h"
#include "../../../optim/model_state.h"
#include "../../../optim/optimizer.h"
#include "../../detail/finite_fit.h"
#include "../../parallel/detail/checkpoint_parts.h"
#include "../../parallel/detail/gradient_exchange.h"
#include "saved_position.h"

namespace embark {

namespace fs = std::filesystem;

namespace {

const std::string kProgress = "fit";
const std::string kGradient = "gradient";
const std::string kPartsNumber = "fit.parts.number", kPartsCount = "fit.parts.count";

/// A callback's name as a part of a StateDict, which must not have what separates parts and numbers.
std::string escaped(const std::string& name) {
    std::string text;
    for (const char c : name) text += c == '.' ? "%2E" : c == '#' ? "%23" : c == '%' ? "%25" : std::string(1, c);
    return text.empty() ? "%" : text;
}

/// Calls `visit(key, callback)` with what the state of each is kept under: its name, with a number where it is not the
/// first of that name.
template <class Visit>
void visit_keyed(const std::vector<std::shared_ptr<Callback>>& callbacks, Visit visit) {
    std::map<std::string, int> seen;
    for (const auto& callback : callbacks) {
        const std::string key = escaped(callback->name());
        const int number = ++seen[key];
        visit(number == 1 ? key : concat(key, "#", number), *callback);
    }
}

/// The keys that version 0.1 kept the callbacks' state under: names as they are, and "callback" for those that do not
/// override name().
std::map<const Callback*, std::string> old_keys(const std::vector<std::shared_ptr<Callback>>& callbacks) {
    std::map<const Callback*, std::string> keys;
    std::map<std::string, int> seen;
    for (const auto& callback : callbacks) {
        const std::string name = callback->name();
        const std::string key = name == callback->Callback::name() ? "callback" : name;
        const int number = ++seen[key];
        keys[callback.get()] = number == 1 ? key : concat(key, "#", number);
    }
    return keys;
}

/// The gradient of `parameter` that was saved; undefined where none was. Throws Error where it does not fit it.
at::Tensor saved_gradient(const StateDict& saved, const Parameter& parameter) {
    const at::Tensor& tensor = parameter.tensor;
    if (saved.has(parameter.name)) return saved.get_like(parameter.name, tensor).to(tensor.device());
    const std::string rows_name = parameter.name + kSparseRows, values_name = parameter.name + kSparseValues;
    if (!saved.has(rows_name)) return {};
    const auto rows = saved.get<at::Tensor>(rows_name);
    const bool fits =
        tensor.dim() == 2 && rows.scalar_type() == at::kLong && rows.dim() == 2 && rows.size(0) == 1 &&
        (rows.numel() == 0 || (rows.min().item<int64_t>() >= 0 && rows.max().item<int64_t>() < tensor.size(0)));
    require(fits, "the saved '", rows_name, "' are not rows of ", parameter.name, ", which is ", tensor.sizes());
    const auto values = saved.get_like(values_name, tensor.new_empty({rows.size(1), tensor.size(1)}));
    return at::sparse_coo_tensor(rows, values, tensor.sizes());
}

/// One for each parameter of the optimizer, in its order.
Tensors saved_gradients(const StateDict& saved, const Optimizer& optimizer) {
    Tensors gradients;
    for (const auto& group : optimizer.groups()) {
        for (const auto& parameter : group.parameters) gradients.push_back(saved_gradient(saved, parameter));
    }
    return gradients;
}

void set_gradients(const Tensors& gradients, const Optimizer& optimizer) {
    auto gradient = gradients.begin();
    for (const auto& group : optimizer.groups()) {
        for (const auto& parameter : group.parameters) {
            if (gradient->defined()) parameter.tensor.mutable_grad() = *gradient;
            ++gradient;
        }
    }
}

/// The states of random numbers, a row a process or one of a single process, each of which can be gone on with.
at::Tensor saved_rng_states(const StateDict& progress) {
    const auto saved = progress.get<at::Tensor>("rng");
    const auto rows = saved.dim() == 2 ? saved : saved.unsqueeze(0);
    require(rows.size(0) > 0, "the saved random numbers are missing");
    for (int64_t row = 0; row < rows.size(0); ++row) check_rng_state(rows[row]);
    return saved;
}

/// Where the rows of sharded tables are; nothing where there are none.
std::optional<CheckpointParts::Parts> saved_parts(const StateDict& all) {
    if (!all.has(kPartsNumber)) return std::nullopt;
    return CheckpointParts::Parts{all.get_integer(kPartsNumber, 1), all.get_integer(kPartsCount, 1)};
}

std::set<std::string> names_of(const StateDict& a, const StateDict& b) {
    std::set<std::string> names;
    for (const auto* state : {&a, &b}) {
        for (const auto& [name, tensor] : state->content().tensors) names.insert(name);
        for (const auto& [name, text] : state->content().metadata) names.insert(name);
    }
    return names;
}

bool same_value(const StateDict& a, const StateDict& b, const std::string& name) {
    const auto &text_a = a.content().metadata, &text_b = b.content().metadata;
    if (text_a.contains(name) != text_b.contains(name)) return false;
    if (text_a.contains(name)) return text_a.at(name) == text_b.at(name);
    const auto tensor_a = a.get<at::Tensor>(name), tensor_b = b.get<at::Tensor>(name);
    return tensor_a.scalar_type() == tensor_b.scalar_type() && tensor_a.equal(tensor_b);
}

/// A value as a message shows it.
std::string shown(const StateDict& values, const std::string& name) {
    if (!values.has(name)) return "none";
    if (values.content().metadata.contains(name)) return values.get<std::string>(name);
    const auto value = values.get<at::Tensor>(name);
    if (value.dim() > 0) return "given";
    return value.is_floating_point() ? concat(value.item<double>()) : concat(value.item<int64_t>());
}

const std::string kThreads = "threads", kWeights = "weights";

/// What a fit begins with.
StateDict start_of(const TrainingState& state) {
    Crc32 sum;
    const auto add = [&](const at::Tensor& tensor) {
        if (!tensor.defined()) return;
        const at::Tensor values = tensor.detach().cpu().contiguous();
        sum.add({static_cast<const char*>(values.const_data_ptr()), values.nbytes()});
    };
    const ShardedTables tables(*state.model);
    if (tables.empty()) {  // else each process has rows of its own
        for (const auto& parameter : state.model->parameters()) add(parameter);
        for (const auto& buffer : state.model->buffers()) add(buffer);
    }
    StateDict start;
    start.set(kThreads, static_cast<int64_t>(at::get_num_threads()));
    start.set(kWeights, concat("checksum ", sum.hex()));
    return start;
}

}  // namespace

fs::path checkpoint_path(const fs::path& dir) {
    return dir / "checkpoint.safetensors";
}

Checkpointer::Checkpointer(CheckpointOptions options, StateDict fit, std::vector<std::shared_ptr<Callback>> others,
                           std::shared_ptr<BatchLog> log, std::stop_token stop, bool says)
    : StopOnRequest(std::move(stop)),
      options_(std::move(options)),
      path_(checkpoint_path(options_.dir)),
      fit_(std::move(fit)),
      says_(says),
      others_(std::move(others)),
      log_(std::move(log)) {
    require<UsageError>(options_.every >= 0, "Invalid number of batches between checkpoints, ", options_.every,
                        ": it must be at least 1, or 0 for one at each epoch's end alone");
}

void Checkpointer::before_fit(TrainingState& state) {
    bool goes_on = false;
    state.strategy->write_by_main_process([&] {
        std::error_code error;
        fs::create_directories(options_.dir, error);
        require(!error, "Cannot make the folder ", options_.dir.string(), " for checkpoints: ", error.message());
        require_writable_path(path_);
        lock_ = std::make_unique<FileLock>(options_.dir / "checkpoint.lock",
                                           concat("Cannot write checkpoints in ", options_.dir.string()));
        remove_left_temporaries(options_.dir / "checkpoint");  // of this file and of its parts
        const bool is_there = fs::exists(path_);
        if (!is_there) log_->remove_others();  // of fits that were killed before their first checkpoint
        goes_on = options_.resume && is_there;
    });
    start_ = start_of(state);
    if (state.strategy->any(goes_on)) resume(state);
}

void Checkpointer::after_batch(TrainingState& state) {
    StopOnRequest::after_batch(state);
    if (stopped() || !state.training || options_.every == 0 || (state.train_iter + 1) % options_.every != 0) return;
    require_finite_weights(state);  // the last checkpoint stays
    write(capture(state, Position::Phase::training), state);
}

void Checkpointer::after_train(TrainingState& state) {
    before_validation_ = capture(state, Position::Phase::validation);
}

void Checkpointer::after_epoch(TrainingState& state) {
    write(capture(state, Position::Phase::epoch_start), state);
}

void Checkpointer::after_fit(TrainingState& state) {
    if (!stopped()) write(capture(state, Position::Phase::finished), state);
}

void Checkpointer::before_stop(TrainingState& state) {
    require_finite_weights(state);
    write(state.training ? capture(state, Position::Phase::training) : before_validation_, state);
}

StateDict Checkpointer::capture(const TrainingState& state, Position::Phase phase) const {
    StateDict progress;
    progress.set("settings", fit_);
    progress.set("start", start_);
    progress.set("position", save_position(state.position(phase)));
    progress.set("rng", state.strategy->rng_states());
    if (!state.is_main_process()) return progress;
    visit_keyed(others_, [&](const std::string& key, const Callback& callback) {
        StateDict saved;
        callback.save_state(saved, state);
        progress.set("callback." + key, saved);
    });
    return progress;
}

void Checkpointer::save(const TensorFile& content) const {
    save_safetensors(path_, content);
    log_->remove_others();
}

void Checkpointer::write(const StateDict& progress, const TrainingState& state) const {
    StateDict all(ModelState::tensors(*state.model, state.optimizer));
    all.set(kProgress, progress);
    all.set(kGradient, accumulated_gradients(state));
    const ShardedTables tables(*state.model);
    if (tables.empty()) return state.strategy->write_by_main_process([&] { save(all.content()); });

    TensorFile content = all.content();
    const CheckpointParts parts(options_.dir);
    const auto [number, count] = parts.write(tables.take_from(content), *state.strategy);
    content.tensors[kPartsNumber] = at::scalar_tensor(number, at::kLong);
    content.tensors[kPartsCount] = at::scalar_tensor(count, at::kLong);
    // The parts are safe by now: with this file the new checkpoint is there, until then it is the one before.
    state.strategy->write_by_main_process([&] {
        save(content);
        parts.remove_others(number);
    });
}

void Checkpointer::resume(TrainingState& state) {
    StateDict all(state.strategy->read_by_main_process([&] { return load_safetensors(path_, Checksum::required); }));
    const StateDict progress = all.part(kProgress);
    require(progress.has("position.epoch"), path_.string(), " is not a checkpoint of a fit");
    check_same_fit(progress.part("settings"));
    compare_start(progress.part("start"));
    const auto [position, random, gradients, parts] = [&] {
        try {
            return std::tuple(load_position(progress.part("position"), state), saved_rng_states(progress),
                              saved_gradients(all.part(kGradient), *state.optimizer), saved_parts(all));
        } catch (const Error& error) {
            fail("Cannot resume from ", path_.string(), ": ", error.what());
        }
    }();
    if (parts) {
        auto content = all.content();
        content.tensors.merge(CheckpointParts(options_.dir).load(*parts, ShardedTables(*state.model)).tensors);
        all = StateDict(std::move(content));
    }
    // What the callbacks make of their part is known when they have it: until then the fit's beginning can be put back.
    before_.emplace(*state.model, *state.optimizer);
    ModelState(all.content(), path_.string()).restore(*state.model, *state.optimizer);
    // They are sums over all processes, to which the others add from nothing.
    if (state.is_main_process()) set_gradients(gradients, *state.optimizer);
    // after_train, where this is captured, lies before the checkpoint.
    if (position.phase == Position::Phase::validation) before_validation_ = progress;
    state.resume(position);
    load_callbacks(progress.part("callback"), state);
    state.strategy->set_rng_states(random);
    before_.reset();
}

/// Called after all others', which may have their hands on the weights until then.
void Checkpointer::cleanup_fit(TrainingState& state) {
    if (before_) before_->restore(*state.model, *state.optimizer);
    before_.reset();
    lock_.reset();
}

void Checkpointer::check_same_fit(const StateDict& saved) const {
    const bool tells_all = saved.has(kIdentityFormat);
    if (!tells_all) {
        say("it was written by an earlier version, which did not note the data, the model and the loss: that they are "
            "the same is up to you");
    }
    std::vector<std::string> problems;
    for (const auto& name : names_of(fit_, saved)) {
        if (!tells_all && !saved.has(name)) continue;
        if (fit_.has(name) && saved.has(name) && same_value(fit_, saved, name)) continue;
        const std::string there = shown(saved, name), here = shown(fit_, name);
        problems.push_back(there == here ? name : concat(name, " (", there, " there, ", here, " here)"));
    }
    require(problems.empty(), "Cannot resume from ", path_.string(), ", it was written by a fit with another ",
            join(problems, ", "), "; give it the same settings and data, or start afresh in another folder");
}

void Checkpointer::compare_start(const StateDict& saved) {
    if (saved.empty()) return;  // of an earlier version
    if (!same_value(saved, start_, kThreads)) {
        say(concat("its fit had ", shown(saved, kThreads), " threads, and this one has ", shown(start_, kThreads),
                   ": sums may be taken in another order, so that weights may differ in their last bits"));
    }
    if (!same_value(saved, start_, kWeights)) {
        say("its fit began with other weights than this one; the checkpoint's are taken");
    }
    start_ = saved;
}

void Checkpointer::say(const std::string& note) const {
    if (says_) std::fprintf(stderr, "The checkpoint %s: %s\n", path_.c_str(), printable(note).c_str());
}

void Checkpointer::load_callbacks(const StateDict& saved, TrainingState& state) const {
    std::set<std::string> unused;
    for (const auto& name : saved.parts()) unused.insert(name);
    const auto keys_before = old_keys(others_);
    visit_keyed(others_, [&](std::string key, Callback& callback) {
        if (!unused.contains(key)) key = keys_before.at(&callback);
        unused.erase(key);
        try {
            callback.load_state(saved.part(key), state);
        } catch (const Error& error) {
            fail("Cannot resume from ", path_.string(), ": callback ", callback.name(), ": ", error.what());
        }
    });
    require(unused.empty(), "Cannot resume from ", path_.string(), ": its fit had callbacks that this one has not, ",
            join({unused.begin(), unused.end()}));
}

}  // namespace embark
