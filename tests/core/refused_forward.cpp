// What does not compile, and must say why: refused_forward.cmake compiles it with each KIND.
#include <embark/core/forward_any.h>

using at::Tensor;

struct Module {
#if KIND == 1
    Tensor backward(const Tensor& x) {
        return x;
    }
#elif KIND == 2
    Tensor forward(Tensor& x) {
        return x;
    }
#elif KIND == 3
private:
    Tensor forward(const Tensor& x) {
        return x;
    }
#elif KIND == 4
    int forward(const Tensor& x) {
        return static_cast<int>(x.dim());
    }
#elif KIND == 5
    void forward(const Tensor&) {}
#elif KIND == 6
    std::pair<Tensor, int> forward(const Tensor& x) {
        return {x, 1};
    }
#else
    Tensor forward(const Tensor& x) {
        return x;
    }
#endif
};

void call(Module& module) {
    embark::detail::forward_any(module, {});
}
