#include "archive_code.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <set>
#include <sstream>

#include "../../core/error.h"

namespace embark {

namespace {

/// LibTorch's operators that exported models and the TorchScript of preprocessing are made of. Not among them: those
/// that read and write files (save, from_file), print, or take what is not there for a tensor (as_strided, set_).
constexpr const char* kOperators =
    "Bool Float FloatImplicit Int IntImplicit ScalarImplicit Size __and__ __contains__ __derive_index __getitem__ "
    "__is__ __isnot__ __not__ __or__ __range_length __xor__ _convolution _embedding_bag _log_softmax "
    "_native_multi_head_attention _pack_padded_sequence _pad_packed_sequence _set_item _shape_as_tensor _softmax "
    "_transformer_encoder_layer_fwd _unsafe_view abs acos adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d "
    "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d add add_ addbmm addcdiv addcmul addmm addmv all "
    "alpha_dropout amax amin any append arange arccos arcsin arctan argmax argmin argsort asin atan avg_pool1d "
    "avg_pool2d avg_pool3d baddbmm batch_norm bernoulli bilinear bitwise_and bitwise_not bitwise_or bitwise_xor bmm "
    "bool broadcast_tensors broadcast_to bucketize cat cdist ceil celu celu_ chr chunk clamp clamp_ clamp_max "
    "clamp_min clear clip clone concat concatenate constant_pad_nd contiguous conv1d conv2d conv3d conv_transpose1d "
    "conv_transpose2d conv_transpose3d copy copy_ cos cosh cosine_similarity count count_nonzero cumsum detach device "
    "dim div div_ divide dot double dropout dropout_ einsum elu elu_ embedding embedding_bag endswith eq erf erfc "
    "erfinv exp exp2 expand expand_as expm1 extend feature_dropout fill fill_ find flatten flip float floor "
    "floor_divide floordiv fmax fmin fmod format frac frobenius_norm full full_like gather ge gelu ger get glu "
    "group_norm gru gru_cell gt gt_ hardshrink hardsigmoid hardswish hardswish_ hardtanh hardtanh_ hash hstack index "
    "index_add index_put index_put_ index_select inner insert instance_norm int inverse is_floating_point isalpha "
    "isdigit isfinite isinf isnan isspace item items join keys l1_loss layer_norm le leaky_relu leaky_relu_ len lerp "
    "linalg_norm linalg_solve linalg_vector_norm linear linspace log log10 log1p log2 log_sigmoid log_softmax logical_and "
    "logical_not logical_or logical_xor logit logsumexp lower lstm lstm_cell lstrip lt masked_fill masked_fill_ "
    "masked_select matmul max max_pool1d max_pool1d_with_indices max_pool2d max_pool2d_with_indices max_pool3d "
    "max_pool3d_with_indices maximum mean median meshgrid min minimum mish mm mode movedim mse_loss msort mul mul_ "
    "multiply mv nan_to_num narrow native_batch_norm native_layer_norm ne neg new_full new_ones new_zeros nonzero "
    "norm numel one_hot ones_like ord outer pad pairwise_distance permute pixel_shuffle pop pow prelu prod rand_like "
    "randn_like ravel reciprocal relu relu6 relu_ remainder remove repeat repeat_interleave replace reshape "
    "result_type reverse rms_norm rnn_relu rnn_relu_cell rnn_tanh rnn_tanh_cell roll round rrelu rsqrt rstrip rsub "
    "scalar_tensor scaled_dot_product_attention scatter scatter_ scatter_add searchsorted select selu selu_ sgn "
    "sigmoid sigmoid_ sign silu silu_ sin sinh size slice softmax softplus softshrink softsign sort sorted split "
    "split_with_sizes sqrt square squeeze squeeze_ stack startswith std std_mean str strip sub sub_ subtract sum "
    "sum_to_size swapaxes t take take_along_dim tan tanh tanh_ tensor threshold tile to tolist topk transpose "
    "transpose_ tril triu true_divide trunc type_as unbind unflatten unique unsqueeze unsqueeze_ upper "
    "upsample_bicubic2d upsample_bilinear2d upsample_linear1d upsample_nearest1d upsample_nearest2d "
    "upsample_nearest3d upsample_trilinear3d values var var_mean view view_as vstack where zero zero_ zeros "
    "zeros_like ";

/// What TorchScript has beside operators, and prim's operators.
constexpr const char* kBuiltins =
    "annotate range getattr int float bool str uninitialized unchecked_cast isinstance enumerate zip";
constexpr const char* kPrimitives =
    "RaiseException min max dtype device layout NumToTensor abs shape is_cuda is_sparse data requires_grad "
    "unchecked_cast";

using Names = std::set<std::string, std::less<>>;

Names words_of(const char* text) {
    std::istringstream stream(text);
    return {std::istream_iterator<std::string>(stream), {}};
}

bool is_name(std::string_view token) {
    const auto c = static_cast<unsigned char>(token.empty() ? '0' : token.front());
    return std::isalpha(c) != 0 || c == '_' || c >= 0x80;
}

/// Names, numbers, signs; a text between quotes is one token, the quote.
std::vector<std::string_view> tokens_of(std::string_view source) {
    std::vector<std::string_view> tokens;
    for (size_t i = 0; i < source.size();) {
        const auto at = [&](size_t place) { return place < source.size() ? source[place] : '\0'; };
        const auto in_word = [&](size_t place) {
            const auto c = static_cast<unsigned char>(at(place));
            return std::isalnum(c) != 0 || c == '_' || c >= 0x80;
        };
        const size_t begin = i;
        if (at(i) == '"' || at(i) == '\'') {
            // What spans lines would have to be taken apart as LibTorch does.
            for (++i; at(i) != at(begin); ++i) {
                if (at(i) == '\\') ++i;
                require(i < source.size() && at(i) != '\n', "its code has a text without an end");
            }
            ++i;
            require(!(i == begin + 2 && at(i) == at(begin)), "its code has a text of several lines");
            tokens.push_back(source.substr(begin, 1));
        } else if (in_word(i)) {
            while (in_word(i)) ++i;
            tokens.push_back(source.substr(begin, i - begin));
        } else {
            ++i;
            if (std::isspace(static_cast<unsigned char>(at(begin))) == 0) tokens.push_back(source.substr(begin, 1));
        }
    }
    return tokens;
}

/// Looks at the code of one archive.
class CodeCheck {
public:
    explicit CodeCheck(const std::vector<std::string>& sources) {
        for (const std::string& source : sources) {
            tokens_.push_back(tokens_of(source));
            const auto& tokens = tokens_.back();
            for (size_t i = 0; i + 1 < tokens.size(); ++i) {
                if (tokens[i] == "def") methods_.emplace(tokens[i + 1]);
            }
        }
    }

    void require_known() const {
        for (const auto& tokens : tokens_) {
            for (size_t i = 0; i < tokens.size(); ++i) check(tokens, i);
        }
    }

private:
    static std::string_view token(const std::vector<std::string_view>& tokens, size_t i) {
        return i < tokens.size() ? tokens[i] : std::string_view();
    }

    void check(const std::vector<std::string_view>& tokens, size_t i) const {
        const std::string_view here = tokens[i], next = token(tokens, i + 1);
        const std::string_view before = i > 0 ? tokens[i - 1] : std::string_view();
        if (here == "#" || here == "@" || here == "\\" || here == ";" || here == "import" || here == "lambda")
            refuse(here);
        if (here == "def" && next.starts_with("__")) refuse(next);
        if (here == "class") return known(token(tokens, i + 2) == "(" && token(tokens, i + 3) == "Module", next);
        if (before == "def" || before == "class") return;
        if (here == "torch" || here == "ops") return check_namespace(tokens, i);
        if ((here == ")" || here == "]") && next == "(") refuse("a call of what a call gives");
        if (!is_name(here) || next != "(" || before == "\"") return;
        if (before == ".") return known(operators_.contains(here) || is_method(here) || is_primitive(tokens, i), here);
        known(builtins_.contains(here) || is_keyword(here), here);
    }

    void check_namespace(const std::vector<std::string_view>& tokens, size_t i) const {
        // "__torch__" is another token; a namespace by itself could be given another name.
        if (i > 0 && tokens[i - 1] == ".") refuse(tokens[i]);
        if (token(tokens, i + 1) != ".") refuse(tokens[i]);
        const std::string_view name = token(tokens, i + 2);
        if (tokens[i] == "torch") return known(operators_.contains(name), name);
        const std::string_view operation = token(tokens, i + 4);
        if (token(tokens, i + 3) != ".") refuse(name);
        known((name == "prim" && primitives_.contains(operation)) || (name == "aten" && operators_.contains(operation)),
              operation);
    }

    bool is_method(std::string_view name) const { return methods_.contains(name) && !name.starts_with("__"); }
    static bool is_primitive(const std::vector<std::string_view>& tokens, size_t i) {
        return i >= 4 && tokens[i - 4] == "ops";
    }
    static bool is_keyword(std::string_view name) {
        constexpr std::string_view kKeywords[] = {"if", "elif", "while",  "in", "and",
                                                  "or", "not",  "return", "is", "else"};
        return std::ranges::find(kKeywords, name) != std::end(kKeywords);
    }

    static void known(bool is_known, std::string_view name) {
        if (!is_known) refuse(name);
    }
    [[noreturn]] static void refuse(std::string_view what) {
        fail("its code has '", what.substr(0, 80),
             "', which models that Embark knows do not need; load it as trusted where "
             "you know who made it, or take the model's ONNX form");
    }

    std::vector<std::vector<std::string_view>> tokens_;
    Names methods_;
    const Names operators_ = words_of(kOperators), builtins_ = words_of(kBuiltins), primitives_ = words_of(kPrimitives);
};

}  // namespace

void require_inert_code(const std::vector<std::string>& sources) {
    for (const std::string& source : sources) {
        // A name cannot be put together while a file is loaded, so that looking for it is enough.
        for (const char* name : {"__setstate__", "__getstate__"}) {
            require(source.find(name) == std::string::npos, "its code would run when it is loaded (", name,
                    "), which no exported model needs");
        }
    }
}

void require_known_code(const std::vector<std::string>& sources) {
    CodeCheck(sources).require_known();
}

}  // namespace embark
