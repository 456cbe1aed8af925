#include "checkpointer.h"

#include <set>

#include <torch/types.h>

#include "../../../core/error.h"
#include "../../../core/file.h"
#include "../../../core/text.h"
#include "../../../optim/model_state.h"
#include "../../../optim/optimizer.h"
#include "../../detail/finite_fit.h"
#include "../../parallel/detail/checkpoint_parts.h"
#include "../../parallel/detail/gradient_exchange.h"

namespace embark {

namespace fs = std::filesystem;

namespace {

const std::string kProgress = "fit";
const std::string kGradient = "gradient";
const std::string kPartsNumber = "fit.parts.number", kPartsCount = "fit.parts.count";

StateDict save_position(const Position& position) {
    StateDict saved;
    saved.set("epoch", position.epoch);
    saved.set("phase", static_cast<int64_t>(position.phase));
    saved.set("iteration", position.iteration);
    saved.set("train_iter", position.train_iter);
    std::vector<double> levels;
    for (const Level level : position.cancelled) levels.push_back(static_cast<double>(level));
    saved.set("cancelled", levels);
    saved.set("stop_reason", position.stop_reason);
    return saved;
}

Position load_position(const StateDict& saved) {
    Position position{.epoch = saved.get<int64_t>("epoch"),
                      .phase = static_cast<Position::Phase>(saved.get<int64_t>("phase")),
                      .iteration = saved.get<int64_t>("iteration"),
                      .train_iter = saved.get<int64_t>("train_iter"),
                      .stop_reason = saved.get<std::string>("stop_reason")};
    for (const double level : saved.get<std::vector<double>>("cancelled")) {
        position.cancelled.push_back(static_cast<Level>(static_cast<int>(level)));
    }
    return position;
}

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

void load_gradients(const StateDict& saved, const Optimizer& optimizer) {
    for (const auto& group : optimizer.groups()) {
        for (const auto& parameter : group.parameters) {
            if (saved.has(parameter.name + kSparseRows)) {
                parameter.tensor.mutable_grad() = at::sparse_coo_tensor(
                    saved.get<at::Tensor>(parameter.name + kSparseRows),
                    saved.get<at::Tensor>(parameter.name + kSparseValues), parameter.tensor.sizes());
            }
            if (!saved.has(parameter.name)) continue;
            parameter.tensor.mutable_grad() = saved.get<at::Tensor>(parameter.name).to(parameter.tensor.device());
        }
    }
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
    if (a.content().metadata.contains(name)) return a.get<std::string>(name) == b.get<std::string>(name);
    return a.get<at::Tensor>(name).equal(b.get<at::Tensor>(name));
}

/// A value as a message shows it.
std::string shown(const StateDict& values, const std::string& name) {
    if (!values.has(name)) return "none";
    if (values.content().metadata.contains(name)) return values.get<std::string>(name);
    const auto value = values.get<at::Tensor>(name);
    if (value.dim() > 0) return "given";
    return value.is_floating_point() ? concat(value.item<double>()) : concat(value.item<int64_t>());
}

}  // namespace

fs::path checkpoint_path(const fs::path& dir) {
    return dir / "checkpoint.safetensors";
}

Checkpointer::Checkpointer(CheckpointOptions options, StateDict fit, std::vector<std::shared_ptr<Callback>> others,
                           std::stop_token stop)
    : StopOnRequest(std::move(stop)),
      options_(std::move(options)),
      path_(checkpoint_path(options_.dir)),
      fit_(std::move(fit)),
      others_(std::move(others)) {
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
        remove_left_temporaries(options_.dir / "checkpoint");  // of this file and of its parts
        goes_on = options_.resume && fs::exists(path_);
    });
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

void Checkpointer::write(const StateDict& progress, const TrainingState& state) const {
    StateDict all(ModelState::tensors(*state.model, state.optimizer));
    all.set(kProgress, progress);
    all.set(kGradient, accumulated_gradients(state));
    const ShardedTables tables(*state.model);
    if (tables.empty()) return state.strategy->write_by_main_process([&] { save_safetensors(path_, all.content()); });

    TensorFile content = all.content();
    const CheckpointParts parts(options_.dir);
    const auto [number, count] = parts.write(tables.take_from(content), *state.strategy);
    content.tensors[kPartsNumber] = at::scalar_tensor(number, at::kLong);
    content.tensors[kPartsCount] = at::scalar_tensor(count, at::kLong);
    // The parts are safe by now: with this file the new checkpoint is there, until then it is the one before.
    state.strategy->write_by_main_process([&] {
        save_safetensors(path_, content);
        parts.remove_others(number);
    });
}

void Checkpointer::resume(TrainingState& state) {
    StateDict all(state.strategy->read_by_main_process([&] { return load_safetensors(path_, Checksum::required); }));
    const StateDict progress = all.part(kProgress);
    require(progress.has("position.epoch"), path_.string(), " is not a checkpoint of a fit");
    check_same_fit(progress.part("settings"));
    if (all.has(kPartsNumber)) {
        const CheckpointParts::Parts parts{all.get<int64_t>(kPartsNumber), all.get<int64_t>(kPartsCount)};
        auto content = all.content();
        content.tensors.merge(CheckpointParts(options_.dir).load(parts, ShardedTables(*state.model)).tensors);
        all = StateDict(std::move(content));
    }
    ModelState(all.content(), path_.string()).restore(*state.model, *state.optimizer);
    // They are sums over all processes, to which the others add from nothing.
    if (state.is_main_process()) load_gradients(all.part(kGradient), *state.optimizer);
    const Position position = load_position(progress.part("position"));
    // after_train, where this is captured, lies before the checkpoint.
    if (position.phase == Position::Phase::validation) before_validation_ = progress;
    state.resume(position);
    load_callbacks(progress.part("callback"), state);
    state.strategy->set_rng_states(progress.get<at::Tensor>("rng"));
}

void Checkpointer::check_same_fit(const StateDict& saved) const {
    std::vector<std::string> problems;
    for (const auto& name : names_of(fit_, saved)) {
        if (fit_.has(name) && saved.has(name) && same_value(fit_, saved, name)) continue;
        const std::string there = shown(saved, name), here = shown(fit_, name);
        problems.push_back(there == here ? name : concat(name, " (", there, " there, ", here, " here)"));
    }
    require(problems.empty(), "Cannot resume from ", path_.string(), ", it was written by a fit with another ",
            join(problems, ", "), "; give it the same settings and data, or start afresh in another folder");
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
