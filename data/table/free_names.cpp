#include "free_names.h"

#include <set>

#include "../../core/error.h"

namespace embark {

namespace {

std::string numbered(const std::string& name, int number) {
    return number == 1 ? name : concat(name, "_", number);
}

}  // namespace

std::vector<std::string> free_names(const std::vector<std::string>& taken, std::vector<std::string> wanted) {
    std::set<std::string> own;
    for (std::string& name : wanted) {
        int number = 1;
        while (own.contains(numbered(name, number))) ++number;
        name = numbered(name, number);
        own.insert(name);
    }
    const std::set<std::string> others(taken.begin(), taken.end());
    for (int number = 1;; ++number) {
        std::vector<std::string> names;
        bool all_free = true;
        for (const std::string& name : wanted) {
            names.push_back(numbered(name, number));
            all_free = all_free && !others.contains(names.back());
        }
        if (all_free) return names;
    }
}

}  // namespace embark
