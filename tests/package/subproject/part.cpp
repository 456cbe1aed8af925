#include <iostream>

#include <embark/core/state_dict.h>

int main() {
    embark::StateDict state;
    state.set("answer", int64_t{42});
    std::cout << "the answer is " << state.get<int64_t>("answer") << "\n";
}
