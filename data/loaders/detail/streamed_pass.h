#pragma once

#include <future>
#include <memory>
#include <optional>
#include <vector>

#include "../../../distributed/share.h"
#include "../batch.h"
#include "../streamed_rows.h"

namespace embark {

/// One pass over streamed rows. Pieces in a random order fill a buffer, whose rows are then drawn in a random order,
/// and the next buffer is read meanwhile; so the order of all rows follows from the seed alone, and a pass can be
/// entered anywhere for the price of one buffer. Not thread-safe.
class StreamedPass {
public:
    /// Over the rows of `range`, at least one, counted through all pieces; `buffer_rows` or a little more at a time, of
    /// whole pieces. In their own order where there is no seed.
    StreamedPass(std::shared_ptr<const StreamedRows> rows, RowRange range, int64_t buffer_rows,
                 std::optional<uint64_t> seed);
    /// Waits for what is being read.
    ~StreamedPass();
    StreamedPass(const StreamedPass&) = delete;
    StreamedPass& operator=(const StreamedPass&) = delete;

    /// Rows `begin` to before `begin + length` of this pass; fast where calls go forward.
    Batch rows(int64_t begin, int64_t length);

    /// Some row that the pass has, where one is wanted that does not count.
    Batch any_row();

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

    void plan(const std::vector<Part>& parts, int64_t buffer_rows);
    /// Takes the memory of `spare`, a buffer that is done with.
    Buffer read(size_t window, Buffer spare) const;
    const Buffer& buffer(size_t window);
    void read_ahead(size_t window);

    std::shared_ptr<const StreamedRows> rows_;
    std::optional<uint64_t> seed_;
    std::vector<Window> windows_;
    std::optional<Buffer> current_;
    Buffer spare_;
    std::future<Buffer> next_;
    size_t next_window_ = 0;
    Batch any_row_;
};

}  // namespace embark
