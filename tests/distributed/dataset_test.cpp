#include <gtest/gtest.h>

#include "fit_results.h"
#include "ranks.h"
#include "test_files.h"

namespace embark {
namespace dataset_test {

using testing::expect_alike;
using testing::read_fit;
using testing::run_ranks_well;
using testing::TemporaryFolder;

// Each process makes those samples that it would have been given of the whole batch, so that several end as one does.
TEST(DatasetOfProcesses, samples_of_1_2_and_3_processes_come_to_one_fit) {
    for (const std::string scenario : {"dataset_by_number", "dataset_endless"}) {
        const TemporaryFolder folder;
        for (const int size : {1, 2, 3}) run_ranks_well(scenario, size, folder.path());
        if (HasFailure()) return;
        const auto one = read_fit(folder.path(), "1");
        expect_alike(one, read_fit(folder.path(), "2"), 1e-5);
        expect_alike(one, read_fit(folder.path(), "3"), 1e-5);
    }
}

}  // namespace dataset_test
}  // namespace embark
