// Public headers give no warnings, old paths and names are still known, and both namespaces can be used together.
#include <iostream>

#include <embark/embark.h>

#include <embark/callbacks/hide_categories.h>
#include <embark/core/page.h>
#include <embark/data/dataloaders.h>
#include <embark/data/table.h>
#include <embark/learners/exported_model.h>
#include <embark/modules/fused_model.h>
#include <embark/modules/losses.h>

using namespace torch;
using namespace embark;

int main() {
    const SGDOptions old_name;
    static_assert(EMBARK_VERSION_MAJOR * 10000 + EMBARK_VERSION_MINOR * 100 + EMBARK_VERSION_PATCH >= 200);
    static_assert(std::is_same_v<decltype(old_name), const SgdOptions>);
    try {
        Predictor::load("none.pt");
    } catch (const EmbarkError& error) {
        std::cout << "Embark " EMBARK_VERSION ", EmbarkError: " << error.what() << "\n";
    }
}
