#pragma once

#include <future>
#include <optional>
#include <vector>

#include "../streamed_rows.h"

namespace embark {

/// One pass over streamed rows. Pieces in a random order fill a buffer, whose rows are then drawn in a random order,
/// and the next buffer is read meanwhile; so the order of all rows follows from the seed alone, and a pass can be
/// entered anywhere for the price of one buffer.
class StreamedPass : public RowPass {
public:
    /// Over the rows of `range`, at least one, counted through all pieces: those that the options' share has.
    /// `shuffle_buffer` or a little more are in memory at a time, of whole pieces.
    StreamedPass(const StreamedRows& rows, const PassOptions& options, RowRange range);
    /// Waits for what is being read.
    ~StreamedPass() override;

    Batch batch(int64_t i) override;
    bool is_shared() const override { return !options_.share.is_whole(); }

private:
    /// Rows of a piece that are in the range.
    struct Part {
        int64_t piece = 0;
        RowRange rows = {};
    };
    /// Pieces that are in memory together, and where in the pass their rows are.
    struct Window {
        std::vector<Part> parts;
        RowRange rows = {};
    };
    struct Buffer {
        size_t window = 0;
        TensorDataset rows;
        at::Tensor order;
    };

    void plan(const std::vector<Part>& parts);
    /// Takes the memory of `spare`, a buffer that is done with.
    Buffer read(size_t window, Buffer spare) const;
    const Buffer& buffer(size_t window);
    void read_ahead(size_t window);
    /// Rows `begin` to before `begin + length` of this pass.
    Batch rows(int64_t begin, int64_t length);

    const StreamedRows& rows_;
    PassOptions options_;
    int64_t n_rows_;
    std::vector<Window> windows_;
    std::optional<Buffer> current_;
    Buffer spare_;
    std::future<Buffer> next_;
    size_t next_window_ = 0;
    Batch any_row_;
};

}  // namespace embark
