#include <algorithm>
#include <iterator>
#include <utility>

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "../loaders/detail/loader_options.h"
#include "../parquet/detail/parquet_loaders.h"
#include "../table/detail/table_impl.h"
#include "detail/find_columns.h"
#include "detail/fit_sample.h"
#include "detail/row_weights.h"
#include "detail/tabular_columns.h"
#include "detail/tabular_fit.h"

namespace embark {

namespace {

/// Which columns of files may be needed, and what those are that need not be read.
struct ReadColumns {
    std::vector<std::string> names;
    std::vector<ColumnSummary> left_out;
    std::vector<Warning> warnings = {};
};

ReadColumns read_columns(const ParquetSource& source, const TabularOptions& options) {
    check_all_names(source.names(), source.name(), options);
    ReadColumns read;
    for (const auto& name : source.names()) {
        const auto type = source.type(name);
        if (auto why = left_out_by_name(name, options)) {
            read.left_out.push_back({.name = name, .kind = ColumnKind::ignored, .reason = std::move(*why)});
        } else if (auto left_out = type ? unreadable_column(name, *type, source.name(), options, read.warnings)
                                        : std::nullopt) {
            read.left_out.push_back(std::move(*left_out));
        } else {
            read.names.push_back(name);
        }
    }
    return read;
}

/// `options` for a table of these columns alone.
TabularOptions of_columns(TabularOptions options, const std::vector<std::string>& names) {
    for (auto* some : {&options.ignore_names, &options.only_names}) {
        std::erase_if(*some, [&](const std::string& name) { return !has_name(names, name); });
    }
    return options;
}

/// What the sample says of the columns, with those that were not read in their places.
TableDescription describe_stream(const ParquetSource& source, ReadColumns read, FoundColumns& found,
                                 std::vector<Warning> fitted, const FitRows& rows) {
    TableDescription description;
    auto seen = found.columns.begin();
    auto unread = read.left_out.begin();
    for (const auto& name : source.names()) {
        ColumnSummary& column = unread != read.left_out.end() && unread->name == name ? *unread++ : *seen++;
        description.columns.push_back(std::move(column));
    }
    if (rows.all.numel() < rows.n_rows) {
        for (ColumnSummary& column : description.columns) {
            column.missing.reset();  // of rows that were not counted
            if (column.kind == ColumnKind::number || column.kind == ColumnKind::target_value) column.distinct.reset();
        }
    }
    for (auto* warnings : {&read.warnings, &found.warnings, &fitted}) {
        std::move(warnings->begin(), warnings->end(), std::back_inserter(description.warnings));
    }
    return description;
}

}  // namespace

TabularDataLoaders TabularDataLoaders::stream(const std::filesystem::path& train,
                                              const std::optional<std::filesystem::path>& valid,
                                              const TabularOptions& given, const StreamOptions& stream) {
    check(given);
    require_streamable(given);
    const ParquetSource source(train, valid, loader_options(given), given.splitter, stream);
    ReadColumns read = read_columns(source, given);
    source.require_columns(read.names);
    FitSample sample(given, source.train_rows(), stream.fit_rows);
    const std::string content = source.each_group(read.names, [&](const ParquetSource::Group& group) {
        sample.add(group.table, group.is_train, group.first_row);
    });
    const auto [table, rows] = sample.finish(source.strategy());

    FoundColumns found = find_columns_to_train(table, of_columns(given, read.names), rows.all);
    TabularOptions& options = found.options;
    const auto dates = dates_of(options);
    DatedTable dated = with_dates_to_fit(table, dates, /*is_sample=*/true);
    FittedTable fitted = fit_columns(dated.table, options, rows);
    std::move(dated.warnings.begin(), dated.warnings.end(), std::back_inserter(fitted.warnings));
    TableDescription description =
        describe_stream(source, std::move(read), found, std::move(fitted.warnings), rows);
    std::vector<std::string> columns = fitted.data->input_names();
    columns.insert(columns.end(), options.y_names.begin(), options.y_names.end());
    const ParquetSource::Encode encode = [dates, data = fitted.data](const Table& part, const at::Tensor& wanted) {
        return encode_rows(*data, with_date_parts(part, dates), wanted);
    };
    return {source.loaders(source.train(columns, content, encode), columns, content, encode, fitted.data), fitted.data,
            std::move(options), std::move(description)};
}

TabularDataLoaders TabularDataLoaders::from_parquet(const std::filesystem::path& path, const TabularOptions& options,
                                                    const StreamOptions& stream_options) {
    return stream(path, std::nullopt, options, stream_options);
}

TabularDataLoaders TabularDataLoaders::from_parquet(const std::filesystem::path& train,
                                                    const std::filesystem::path& valid, const TabularOptions& options,
                                                    const StreamOptions& stream_options) {
    return stream(train, valid, options, stream_options);
}

}  // namespace embark
