#pragma once

#include <ATen/autocast_mode.h>

namespace embark {

/// Autocast on this thread on or off, until it goes.
class AutocastScope {
public:
    AutocastScope(at::DeviceType device, bool enabled, at::ScalarType type)
        : device_(device),
          enabled_before_(at::autocast::is_autocast_enabled(device)),
          type_before_(at::autocast::get_autocast_dtype(device)) {
        at::autocast::set_autocast_enabled(device, enabled);
        at::autocast::set_autocast_dtype(device, type);
        at::autocast::increment_nesting();
    }
    ~AutocastScope() {
        at::autocast::decrement_nesting();
        // Also inside an autocast of the caller's own: the optimizer's step makes its copies of weights old.
        at::autocast::clear_cache();
        at::autocast::set_autocast_dtype(device_, type_before_);
        at::autocast::set_autocast_enabled(device_, enabled_before_);
    }
    AutocastScope(const AutocastScope&) = delete;
    AutocastScope& operator=(const AutocastScope&) = delete;

private:
    at::DeviceType device_;
    bool enabled_before_;
    at::ScalarType type_before_;
};

}  // namespace embark
