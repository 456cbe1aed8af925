#pragma once

#include <exception>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A block's place, as "README.md:39", and what it does.
using Snippet = std::pair<std::string, std::function<void()>>;

/// Runs the blocks of a page in their order, each under the name of its place, and returns a program's exit code.
/// An exception ends all: what follows may need what the block would have left. With --list they are only named.
inline int run_snippets(const std::vector<Snippet>& blocks, int argc, char** argv) {
    const bool list = argc > 1 && std::string_view(argv[1]) == "--list";
    for (const auto& [place, run] : blocks) {
        std::cerr << place << std::endl;
        if (list) continue;
        try {
            run();
        } catch (const std::exception& error) {
            std::cerr << place << ": " << error.what() << std::endl;
            return 1;
        }
    }
    return 0;
}
