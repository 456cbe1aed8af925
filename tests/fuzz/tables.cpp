#include <embark/core/file.h>
#include <embark/data/csv/csv.h>
#include <embark/data/parquet/parquet.h>

#include "harness.h"
#include "test_files.h"

namespace embark::fuzz {

namespace {

Table small_table() {
    return Table::from_text({{"id", {"1", "2", "3", "4"}},
                             {"name", {"Ann", "", "Ångström", "\"quoted\", and more"}},
                             {"score", {"1.5", "-2e3", "", "7"}},
                             {"day", {"2024-01-31", "2024-02-29", "", "1999-12-31"}}});
}

/// Everything that is asked of a table when it is described.
void use(const Table& table) {
    for (const std::string& name : table.names()) table.text(name);
}

std::vector<std::string> csv_seeds() {
    return {"user,item,rating\n1,a,3.5\n2,b,\n1,\"c, d\",4\n", "a\tb\n1\t2\n",
            "x,y\r\n\"a\nb\",1\r\n\"say \"\"no\"\"\",2\r\n", "n\n1\n2\n3\nNA\n",
            "id,when,text\n007,2024-01-31,caf\xc3\xa9\n8,31.12.2023,\n"};
}

std::vector<std::string> parquet_seeds() {
    const testing::TemporaryFolder folder;
    std::vector<std::string> seeds;
    for (const int64_t rows : {1'000, 2}) {
        write_parquet(folder.path() / "x.parquet", small_table(), {.row_group_rows = rows});
        seeds.push_back(read_file(folder.path() / "x.parquet"));
    }
    return seeds;
}

}  // namespace

std::vector<Harness> table_harnesses() {
    return {{"csv", csv_seeds, [](std::string_view bytes) { use(read_csv(MemoryFile(bytes).path())); }},
            {"parquet", parquet_seeds, [](std::string_view bytes) { use(read_parquet(MemoryFile(bytes).path())); }}};
}

}  // namespace embark::fuzz
