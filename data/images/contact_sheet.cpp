#include "contact_sheet.h"

#include <ATen/ATen.h>

#include "../../core/error.h"
#include "detail/image_classes.h"
#include "image.h"

namespace embark {

namespace {

constexpr std::string_view kSheetStyle = R"html(<style>
main { max-width: none; }
.sheet { display: flex; flex-wrap: wrap; gap: 12px; }
figure { margin: 0; width: 112px; font-size: 13px; overflow-wrap: anywhere; }
img { width: 112px; height: 112px; object-fit: contain; background: #eee; }
img.small { image-rendering: pixelated; }
.wrong { color: #b00020; }
</style>
)html";

/// As a data URL writes bytes (RFC 4648).
std::string base64(std::string_view bytes) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (size_t i = 0; i < bytes.size(); i += 3) {
        uint32_t three = 0;
        for (size_t j = i; j < i + 3; ++j) three = three << 8 | (j < bytes.size() ? static_cast<uint8_t>(bytes[j]) : 0);
        for (size_t j = 0; j < 4; ++j) {
            text += i + j > bytes.size() ? '=' : kDigits[three >> (18 - 6 * j) & 63];
        }
    }
    return text;
}

/// Values from 0 to 1, stretched to these where they are others.
at::Tensor visible(const at::Tensor& picture) {
    if (picture.scalar_type() == at::kByte) return picture;
    const at::Tensor values = picture.to(at::kFloat).nan_to_num(0, 1, 0);
    const auto least = values.min().item<float>(), most = values.max().item<float>();
    if (least >= 0 && most <= 1) return values;
    return ((values - least) / std::max(most - least, 1e-12F)).clamp(0, 1);
}

/// Which rows are of another class than is predicted; undefined where these are no classes.
at::Tensor wrong_rows(const Batch& batch, const Tensors& predictions) {
    if (predictions.empty() || batch.targets.empty()) return {};
    const at::Tensor &target = batch.targets.front(), &predicted = predictions.front();
    const bool are_classes = target.scalar_type() == at::kLong && predicted.scalar_type() == at::kLong &&
                             target.dim() == 1 && target.sizes() == predicted.sizes();
    return are_classes ? target.cpu().ne(predicted.cpu()) : at::Tensor();
}

}  // namespace

Page contact_sheet(const DataLoaders& dls, const Batch& batch, const Tensors& predictions) {
    const at::Tensor pictures = batch.inputs.empty() ? at::Tensor() : batch.inputs.front().detach().cpu();
    require(pictures.defined() && pictures.dim() == 4 && (pictures.size(1) == 1 || pictures.size(1) == 3),
            "A contact sheet is of pictures, (rows, 1 or 3, height, width), and input 0 ",
            pictures.defined() ? concat("has shape ", pictures.sizes()) : "is missing");
    const Table table = dls.decode(batch, predictions);
    // What is known of a row besides its pixels.
    std::vector<std::pair<std::string, std::vector<std::string>>> columns;
    for (const std::string& name : table.names()) {
        if (name != kPictureColumn && !name.starts_with("input_0")) columns.emplace_back(name, table.text(name));
    }
    const at::Tensor wrong = wrong_rows(batch, predictions);
    const bool is_small = pictures.size(2) < 112 && pictures.size(3) < 112;

    std::string html(kSheetStyle);
    html += "<div class=\"sheet\">\n";
    for (int64_t row = 0; row < batch.size(); ++row) {
        const bool is_wrong = wrong.defined() && wrong[row].item<bool>();
        html += concat("<figure", is_wrong ? " class=\"wrong\"" : "", "><img", is_small ? " class=\"small\"" : "",
                       " alt=\"\" src=\"data:image/png;base64,", base64(encode_png(visible(pictures[row]))),
                       "\"><figcaption>");
        for (const auto& [name, values] : columns) {
            html += concat(html_escape(name), ": ", html_escape(values[static_cast<size_t>(row)]), "<br>");
        }
        html += "</figcaption></figure>\n";
    }
    Page page("Pictures");
    page.add_html(html + "</div>\n");
    return page;
}

}  // namespace embark
