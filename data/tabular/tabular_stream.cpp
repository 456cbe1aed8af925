#include <algorithm>

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "../loaders/detail/loader_options.h"
#include "../parquet/detail/parquet_loaders.h"
#include "../table/detail/table_impl.h"
#include "detail/fit_sample.h"
#include "detail/row_weights.h"
#include "detail/tabular_columns.h"
#include "detail/tabular_fit.h"

namespace embark {

namespace {

/// The columns that may be needed: those that are named, or where none is all but those to be left out.
std::vector<std::string> read_columns(const ParquetSource& source, const TabularOptions& options) {
    std::vector<std::string> named;
    for (const std::vector<std::string>* names :
         {&options.cat_names, &options.cont_names, &options.date_names, &options.text_names}) {
        named.insert(named.end(), names->begin(), names->end());
    }
    if (!named.empty()) {
        named.insert(named.end(), options.y_names.begin(), options.y_names.end());
        for (const auto& name : named) find_column(name, source.names(), source.name());
        return named;
    }
    for (const auto& name : source.names()) {
        const auto& ignored = options.ignore_names;
        if (std::find(ignored.begin(), ignored.end(), name) == ignored.end()) named.push_back(name);
    }
    return named;
}

}  // namespace

TabularDataLoaders TabularDataLoaders::stream(const std::filesystem::path& train,
                                              const std::optional<std::filesystem::path>& valid,
                                              const TabularOptions& given, const StreamOptions& stream) {
    check(given);
    require_streamable(given);
    const ParquetSource source(train, valid, loader_options(given), given.splitter, stream);
    const std::vector<std::string> read = read_columns(source, given);
    source.require_columns(read);
    FitSample sample(given, source.train_rows(), stream.fit_rows);
    source.each_group(
        read, [&](const ParquetSource::Group& group) { sample.add(group.table, group.is_train, group.first_row); });
    const auto [table, rows] = sample.finish(source.strategy());

    TabularOptions options = with_columns(table, given);
    const auto dates = dates_of(options);
    const DatedTable dated = with_dates_to_fit(table, dates, /*is_sample=*/rows.n_rows > table.rows());
    FittedTable fitted = fit_columns(dated.table, options, rows);
    add_warnings(fitted.warnings, dated.warnings);
    std::vector<std::string> columns = fitted.data->input_names();
    columns.insert(columns.end(), options.y_names.begin(), options.y_names.end());
    const ParquetSource::Encode encode = [dates, data = fitted.data](const Table& part, const at::Tensor& wanted) {
        return encode_rows(*data, with_date_parts(part, dates), wanted);
    };
    return {source.loaders(source.train(columns, encode), columns, encode, fitted.data), fitted.data,
            std::move(options), std::move(fitted.warnings)};
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
