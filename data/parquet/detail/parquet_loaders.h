#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../../../distributed/strategy.h"
#include "../../loaders/dataloaders.h"
#include "../../loaders/stream_options.h"
#include "parquet_rows.h"

namespace embark {

/// Parquet files that loaders stream, and which of their rows are for what.
class ParquetSource {
public:
    /// Validation rows are drawn from `train` where there is no `valid`. Throws UsageError for a splitter and for a
    /// share outside [0, 1), Error where the files cannot be read.
    ParquetSource(const std::filesystem::path& train, const std::optional<std::filesystem::path>& valid,
                  const DataLoadersOptions& options, const Splitter& splitter, const StreamOptions& stream);

    std::vector<std::string> names() const { return train_.files().names(); }
    /// The type of a column of all files; null where they have it of several that do not go together.
    std::shared_ptr<arrow::DataType> type(const std::string& column) const { return train_.files().type(column); }
    const std::string& name() const { return train_.files().source(); }
    /// Throws Error where a file lacks one of `columns`.
    void require_columns(const std::vector<std::string>& columns) const;
    int64_t train_rows() const { return train_.rows(); }
    Strategy& strategy() const { return *strategy_; }

    /// A row group: its table, for each of its rows whether it is for training, and the number of its first row.
    struct Group {
        Table table;
        std::vector<char> is_train;
        int64_t first_row = 0;
    };
    /// Calls `visit` with every row group that this process looks at before training, of validation files too: of
    /// several processes each has its own.
    void each_group(const std::vector<std::string>& columns, const std::function<void(const Group&)>& visit) const;

    using Encode = ParquetRows::Encode;
    /// The training rows as they are encoded.
    std::shared_ptr<const ParquetRows> train(const std::vector<std::string>& columns, const Encode& encode) const;
    /// Loaders of both parts.
    DataLoaders loaders(std::shared_ptr<const ParquetRows> train, const std::vector<std::string>& columns,
                        const Encode& encode, std::shared_ptr<const Preprocessing> preprocessing) const;

private:
    DataLoadersOptions options_;
    int64_t shuffle_buffer_;
    std::shared_ptr<Strategy> strategy_;
    ParquetPart train_;
    std::optional<ParquetPart> valid_;
    bool split_;
};

}  // namespace embark
