#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../../loaders/streamed_rows.h"
#include "parquet_files.h"

namespace embark {

/// All rows of Parquet files, or those that a random split gives to one side. To which a row belongs follows from its
/// number and the seed alone, so that it is known before anything is read.
class ParquetPart {
public:
    enum class Side { train, valid };

    explicit ParquetPart(std::shared_ptr<const ParquetFiles> files);
    ParquetPart(std::shared_ptr<const ParquetFiles> files, Side side, double valid_pct, uint64_t seed);

    const ParquetFiles& files() const { return *files_; }
    const std::shared_ptr<const ParquetFiles>& shared_files() const { return files_; }
    /// Numbers in row group `group` of its rows on this side, ascending (int64).
    at::Tensor rows(int64_t group) const;
    /// How many these are, for each row group, and in all of them.
    const std::vector<int64_t>& group_rows() const { return group_rows_; }
    int64_t rows() const;

private:
    bool has(int64_t row) const;
    template <class Take>
    void for_each_row(int64_t group, Take take) const;

    std::shared_ptr<const ParquetFiles> files_;
    std::optional<Side> side_;
    double valid_pct_ = 0;
    uint64_t seed_ = 0;
    std::vector<int64_t> group_rows_;
};

/// Rows of Parquet files, encoded as they are read: a row group is a piece.
class ParquetRows : public StreamedRows {
public:
    /// The encoded `rows` (1-d int64) of a table. Called from several threads.
    using Encode = std::function<TensorDataset(const Table& table, const at::Tensor& rows)>;

    /// `content` tells the values of the rows from others, see RowSource::facts.
    ParquetRows(ParquetPart part, std::vector<std::string> columns, std::string content, Encode encode)
        : part_(std::move(part)),
          columns_(std::move(columns)),
          content_(std::move(content)),
          encode_(std::move(encode)) {}

    const std::vector<int64_t>& piece_rows() const override { return part_.group_rows(); }
    TensorDataset read(int64_t piece) const override {
        return encode_(part_.files().read(piece, columns_), part_.rows(piece));
    }
    std::string source() const override { return part_.files().source(); }
    std::map<std::string, std::string> facts() const override {
        auto facts = StreamedRows::facts();
        facts["content"] = content_;
        return facts;
    }

private:
    ParquetPart part_;
    std::vector<std::string> columns_;
    std::string content_;
    Encode encode_;
};

}  // namespace embark
