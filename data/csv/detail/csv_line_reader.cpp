#include "csv_line_reader.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>
#include <arrow/io/file.h>

#include "../../../core/detail/parallel.h"
#include "../../table/detail/arrow_utils.h"
#include "csv_lines.h"

namespace embark {

namespace {

constexpr int64_t kBlockBytes = 1 << 17;
constexpr int64_t kBytesPerThread = 1 << 22;  // fewer are not worth a thread
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Reads the lines of one file, from several places at once.
class LineReader {
public:
    LineReader(const CsvFile& file, const CsvValues& values)
        : file_(file),
          values_(values),
          name_(file.path.string()),
          bytes_(arrow_value(arrow::io::ReadableFile::Open(name_), "Cannot read ", name_)),
          size_(arrow_value(bytes_->GetSize(), "Cannot read ", name_)) {}

    /// Null where not every line is plainly a row.
    std::shared_ptr<arrow::Table> read() {
        const auto first = first_row();
        if (!first) return nullptr;
        const std::vector<int64_t> cuts = cuts_from(*first);
        std::vector<std::optional<CsvColumns>> parts(cuts.size() - 1);
        parallel_for_each(std::ssize(parts), [&](int64_t i) {
            const auto part = static_cast<size_t>(i);
            parts[part] = read_part(cuts[part], cuts[part + 1]);
            if (!parts[part]) plain_ = false;
        });
        if (!plain_) return nullptr;
        for (size_t i = 1; i < parts.size(); ++i) parts[0]->append(*std::exchange(parts[i], std::nullopt));
        return std::move(*parts[0]).finish();
    }

private:
    int64_t read(int64_t position, int64_t n, char* to) const {
        return arrow_value(bytes_->ReadAt(position, n, to), "Cannot read ", name_);
    }

    /// The next `kBlockBytes` bytes, or all there are.
    std::string bytes_at(int64_t position) const {
        std::string bytes(static_cast<size_t>(kBlockBytes), '\0');
        bytes.resize(static_cast<size_t>(read(position, kBlockBytes, bytes.data())));
        return bytes;
    }

    /// Where the first row begins; nothing where the header is not plainly a line of its own. The first bytes of a
    /// gzip file are no text of either encoding, so that it goes no further than this, or than its first line.
    std::optional<int64_t> first_row() const {
        const std::string head = bytes_at(0);
        if (!file_.has_header) return head.starts_with(kByteOrderMark) ? std::nullopt : std::optional<int64_t>(0);
        const auto header = std::string_view(head).substr(0, head.find('\n') + 1);
        const bool blank = header.find_first_not_of("\r\n\xEF\xBB\xBF") == std::string_view::npos;
        if (blank || !CsvLineSplitter(file_).are_plain(header)) return std::nullopt;
        return std::ssize(header);
    }

    /// Ends of lines that cut what follows `first` into as many parts as there are threads for.
    std::vector<int64_t> cuts_from(int64_t first) const {
        const int64_t n_parts = std::clamp<int64_t>((size_ - first) / kBytesPerThread, 1, at::get_num_threads());
        std::vector<int64_t> cuts = {first};
        for (int64_t part = 1; part < n_parts; ++part) {
            const int64_t near = first + (size_ - first) / n_parts * part;
            const size_t end = bytes_at(near).find('\n');
            if (end != std::string::npos) cuts.push_back(near + static_cast<int64_t>(end) + 1);
        }
        cuts.push_back(size_);
        return cuts;
    }

    /// The rows from one cut to another.
    std::optional<CsvColumns> read_part(int64_t begin, int64_t end) const {
        CsvColumns columns = columns_for(begin, end);
        CsvLineSplitter splitter(file_);
        std::string block(static_cast<size_t>(kBlockBytes) + 1, '\0');
        int64_t kept = 0;  // bytes of a line whose end is in the next block
        while (begin < end) {
            const int64_t wanted = std::min(kBlockBytes - kept, end - begin);
            if (!plain_ || read(begin, wanted, block.data() + kept) < wanted) return std::nullopt;
            begin += wanted;
            int64_t size = kept + wanted;
            if (begin == size_ && block[static_cast<size_t>(size) - 1] != '\n')
                block[static_cast<size_t>(size++)] = '\n';
            const std::string_view text(block.data(), static_cast<size_t>(size));
            const auto lines = text.substr(0, text.rfind('\n') + 1);
            if (lines.empty() || !splitter.split(lines)) return std::nullopt;
            columns.add(splitter.columns());
            kept = size - std::ssize(lines);
            std::copy_n(block.begin() + std::ssize(lines), kept, block.begin());
        }
        return columns;
    }

    /// With room for the rows from one cut to another; the first part takes those of all others in the end.
    CsvColumns columns_for(int64_t begin, int64_t end) const {
        CsvColumns columns(file_, values_);
        const bool is_first = begin < kBlockBytes;
        const double share = is_first ? 1 : static_cast<double>(end - begin) / static_cast<double>(size_);
        columns.reserve(static_cast<int64_t>(share * static_cast<double>(file_.expected_rows)));
        return columns;
    }

    const CsvFile& file_;
    const CsvValues& values_;
    std::string name_;
    std::shared_ptr<arrow::io::ReadableFile> bytes_;
    int64_t size_;
    /// Whether all lines were plainly rows so far.
    std::atomic<bool> plain_ = true;
};

}  // namespace

std::shared_ptr<arrow::Table> read_csv_lines(const CsvFile& file, const CsvValues& values) {
    return LineReader(file, values).read();
}

}  // namespace embark
