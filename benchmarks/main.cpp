#include <exception>
#include <iostream>
#include <map>
#include <string>

#include <torch/torch.h>
#include <boost/program_options.hpp>
#include <nlohmann/json.hpp>

#include <embark/core/error.h>
#include <embark/version.h>

#include "callback_bench.h"
#include "collab_bench.h"
#include "image_bench.h"
#include "lazy_bench.h"
#include "parallel_bench.h"
#include "ranking_bench.h"
#include "ratings_bench.h"
#include "tabular_bench.h"

namespace embark::bench {
namespace {

const std::map<std::string, Measurement> kMeasurements = {
    {"callback_cost", callback_cost},
    {"learner_overhead", learner_overhead},
    {"collab_training", collab_training},
    {"tabular_training", tabular_training},
    {"collab_vs_libtorch", collab_vs_libtorch},
    {"split_training", split_training},
    {"image_loading", image_loading},
    {"softmax_epochs", softmax_epochs},
    {"ials_training", ials_training},
    {"top_of_products", top_of_products},
    {"lazy_growth", lazy_growth},
    {"lazy_ratings", lazy_ratings},
    {"lazy_threads", lazy_threads},
    {"mf_ratings", mf_ratings},
    {"mf_training", mf_training},
    {"mf_training_with_biases", mf_training_with_biases},
    {"table_encoding", table_encoding},
    {"row_prediction", row_prediction},
    {"ratings_encoding", ratings_encoding},
    {"ratings_training", ratings_training},
    {"streamed_training", streamed_training},
    {"sharded_table", sharded_table},
    {"exchange_cost", exchange_cost},
    {"parallel_movielens", parallel_movielens},
    {"parallel_adult", parallel_adult},
    {"parallel_whole_tables", parallel_whole_tables},
    {"parallel_sharded_tables", parallel_sharded_tables},
};

std::string measurement_names() {
    std::string names;
    for (const auto& [name, measurement] : kMeasurements) names += (names.empty() ? "" : ", ") + name;
    return names;
}

int run(int argc, char** argv) {
    namespace po = boost::program_options;
    Options options;
    std::string name;
    po::options_description described("Options");
    described.add_options()("help", "show this help");
    described.add_options()("data", po::value(&options.data)->required(), "folder of the data set");
    described.add_options()("threads", po::value(&options.threads)->default_value(options.threads),
                            "threads of LibTorch's kernels");
    described.add_options()("repeats", po::value(&options.repeats)->default_value(options.repeats),
                            "repetitions of what is measured inside this process");
    described.add_options()("seed", po::value(&options.seed)->default_value(options.seed),
                            "seed of training beside a peer");
    described.add_options()("measurement", po::value(&name)->required(), measurement_names().c_str());
    po::positional_options_description positional;
    positional.add("measurement", 1);

    po::variables_map given;
    po::store(po::command_line_parser(argc, argv).options(described).positional(positional).run(), given);
    if (given.count("help") > 0) {
        std::cout << "Usage: embark_bench MEASUREMENT --data FOLDER [options]\n"
                     "Takes one measurement and prints it as a JSON object; benchmarks/bench.py calls it.\n\n"
                  << described;
        return 0;
    }
    po::notify(given);
    const auto found = kMeasurements.find(name);
    require<UsageError>(found != kMeasurements.end(), "There is no measurement '", name,
                        "'; there are: ", measurement_names());
    require<UsageError>(options.threads >= 1, "Invalid --threads ", options.threads, ": at least 1 is needed");
    require<UsageError>(options.repeats >= 1, "Invalid --repeats ", options.repeats, ": at least 1 is needed");

    at::set_num_threads(options.threads);
    nlohmann::json result = found->second(options);
    result["name"] = name;
    result["versions"] = {{"embark", EMBARK_VERSION}, {"torch", TORCH_VERSION}};
    std::cout << result.dump() << '\n';
    return 0;
}

}  // namespace
}  // namespace embark::bench

int main(int argc, char** argv) {
    try {
        return embark::bench::run(argc, argv);
    } catch (const boost::program_options::error& error) {
        std::cerr << "embark_bench: " << error.what() << '\n';
        return 2;
    } catch (const embark::UsageError& error) {
        std::cerr << "embark_bench: " << error.what() << '\n';
        return 2;
    } catch (const c10::Error& error) {
        std::cerr << "embark_bench: " << error.what_without_backtrace() << '\n';
        return 1;
    } catch (const std::exception& error) {
        std::cerr << "embark_bench: " << error.what() << '\n';
        return 1;
    }
}
