#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace embark::testing {

#ifdef EMBARK_PYTHON
/// Whether the virtual environment's Python has a module.
inline bool python_has(const std::string& module) {
    const std::string script =
        "import importlib.util, sys; sys.exit(importlib.util.find_spec(\"" + module + "\") is None)";
    return std::system(("'" EMBARK_PYTHON "' -c '" + script + "'").c_str()) == 0;
}

/// What tests/`script` printed, errors too, run with the virtual environment's Python.
inline std::string run_python(const std::string& script, const std::vector<std::filesystem::path>& arguments) {
    std::string command = std::string("'" EMBARK_PYTHON "' '" EMBARK_SOURCE_DIR "/tests/") + script + "'";
    for (const auto& argument : arguments) command += " '" + argument.string() + "'";
    std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
    std::string output;
    char buffer[4096];
    while (std::fgets(buffer, sizeof buffer, pipe)) output += buffer;
    pclose(pipe);
    return output;
}
#else
inline bool python_has(const std::string&) {
    return false;
}
inline std::string run_python(const std::string&, const std::vector<std::filesystem::path>&) {
    return {};
}
#endif

}  // namespace embark::testing

/// Skips the test, and reports it, where the virtual environment's Python does not have `module`; see
/// tests/requirements.txt.
#define EMBARK_NEEDS_PYTHON_MODULE(module) \
    if (!::embark::testing::python_has(module)) GTEST_SKIP() << "there is no Python with " << (module)
