// Trains LIBMF's factorisation on FOLDER/train.bin and prints, as one JSON object on the last line, the updates a second
// of the whole training and the squared error on FOLDER/test.bin. With a rate, LIBMF prints a line before for each
// iteration, with the RMSE on both. setup-libmf compiles it with LIBMF's own mf.cpp.
//
//   libmf_training FOLDER FACTORS ITERATIONS [L2 RATE]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "mf.h"

namespace {

std::vector<mf::mf_node> read_nodes(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) throw std::runtime_error("there is no " + path);
    std::vector<mf::mf_node> nodes(static_cast<size_t>(file.tellg()) / sizeof(mf::mf_node));
    file.seekg(0);
    file.read(reinterpret_cast<char*>(nodes.data()), static_cast<std::streamsize>(nodes.size() * sizeof(mf::mf_node)));
    return nodes;
}

mf::mf_problem problem_of(std::vector<mf::mf_node>& nodes) {
    mf::mf_problem problem{0, 0, static_cast<mf::mf_long>(nodes.size()), nodes.data()};
    for (const auto& node : nodes) {
        problem.m = std::max(problem.m, node.u + 1);
        problem.n = std::max(problem.n, node.v + 1);
    }
    return problem;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4 && argc != 6) return 2;
    const bool is_validated = argc == 6;
    const std::string folder = argv[1];
    auto train = read_nodes(folder + "/train.bin"), test = read_nodes(folder + "/test.bin");
    const auto problem = problem_of(train), of_test = problem_of(test);
    mf::mf_parameter settings = mf::mf_get_default_param();
    settings.k = std::atoi(argv[2]);
    settings.nr_iters = std::atoi(argv[3]);
    settings.nr_threads = 1;
    settings.nr_bins = 20;
    settings.lambda_p2 = settings.lambda_q2 = is_validated ? std::stof(argv[4]) : 0.01F;
    if (is_validated) settings.eta = std::stof(argv[5]);
    settings.quiet = !is_validated;
    const auto started = std::chrono::steady_clock::now();
    const mf::mf_model* model =
        is_validated ? mf::mf_train_with_validation(&problem, &of_test, settings) : mf::mf_train(&problem, settings);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    double squares = 0;
    for (const auto& node : test) {
        const double error = mf::mf_predict(model, node.u, node.v) - node.r;
        squares += error * error;
    }
    std::printf("{\"updates_per_second\": %.0f, \"seconds\": %.3f, \"valid_loss\": %.5f}\n",
                static_cast<double>(train.size()) * settings.nr_iters / seconds, seconds, squares / static_cast<double>(test.size()));
}
