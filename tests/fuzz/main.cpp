#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/core/text.h>

#include "harness.h"
#include "mutate.h"

// fuzz NAME [SECONDS [RUNS [SEED]]] mutates the seeds of a harness until the time is over or RUNS inputs were run; what
// is run lies in NAME.input in the working folder, so that it is there after a crash. fuzz NAME FILE… runs these
// inputs.
namespace embark::fuzz {
namespace {

/// A file that always has the input at hand, whatever becomes of the process: its memory is the kernel's.
class LastInput {
public:
    explicit LastInput(const std::string& path) {
        const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        const bool made = descriptor >= 0 && ftruncate(descriptor, kSize) == 0;
        require(made, "Cannot write ", path);
        memory_ = static_cast<char*>(mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0));
        close(descriptor);
        require(memory_ != MAP_FAILED, "Cannot map ", path);
    }
    ~LastInput() { munmap(memory_, kSize); }
    LastInput(const LastInput&) = delete;
    LastInput& operator=(const LastInput&) = delete;

    /// Its size and then its bytes.
    void put(const std::string& bytes) {
        const uint64_t size = std::min(bytes.size(), kSize - sizeof size);
        std::memcpy(memory_, &size, sizeof size);
        std::memcpy(memory_ + sizeof size, bytes.data(), size);
    }

private:
    static constexpr size_t kSize = 4 << 20;
    char* memory_;
};

const Harness& harness_named(const std::string& name) {
    std::vector<std::string> names;
    for (const Harness& harness : all_harnesses()) {
        if (harness.name == name) return harness;
        names.push_back(harness.name);
    }
    fail<UsageError>("There is no harness '", name, "'", name_hint(name, names));
}

void run_mutations(const Harness& harness, double seconds, int64_t runs, uint64_t seed) {
    using Clock = std::chrono::steady_clock;
    const std::vector<std::string> seeds = harness.seeds();
    for (const std::string& sound : seeds) harness.run(sound);  // else it would be mutations of what is refused anyway
    LastInput last(harness.name + ".input");
    std::mt19937_64 random(seed);
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    int64_t done = 0;
    for (; done < runs && Clock::now() < end; ++done) {
        const std::string input = mutated(seeds[random() % seeds.size()], seeds, random);
        last.put(input);
        run_one(harness, input);
    }
    std::cout << harness.name << ": " << done << " inputs\n";
    unlink((harness.name + ".input").c_str());
}

int run(const std::vector<std::string>& words) {
    require<UsageError>(!words.empty(), "Usage: fuzz NAME [SECONDS [RUNS [SEED]]] or fuzz NAME FILE…");
    const Harness& harness = harness_named(words[0]);
    const auto seconds = words.size() > 1 ? parse_double(words[1]) : 60;
    if (!seconds) {
        for (size_t i = 1; i < words.size(); ++i) run_one(harness, read_file(words[i]));
        return 0;
    }
    const auto number = [&](size_t i, int64_t otherwise) {
        return i < words.size() ? parse_int(words[i]).value_or(otherwise) : otherwise;
    };
    run_mutations(harness, *seconds, number(2, std::numeric_limits<int64_t>::max()),
                  static_cast<uint64_t>(number(3, 1)));
    return 0;
}

}  // namespace
}  // namespace embark::fuzz

int main(int argc, char** argv) {
    try {
        return embark::fuzz::run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        std::cerr << "fuzz: " << error.what() << "\n";
        return 1;
    }
}
