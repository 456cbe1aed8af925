// A kind of data of your own, with methods of its own in the exported file.
//
// Reviews are told apart as good or bad. What was fitted on the training texts, here the words that there are, is a
// Preprocessing: it encodes texts for the model, gives back the raw values of a batch, and says what an exported file
// needs to take texts itself: attributes, and methods in TorchScript. That file needs nothing of Embark:
//
//     >>> reviews = torch.jit.load("reviews.pt")
//     >>> reviews.predict(["a wonderful story", "a dull story"])
//     (['good', 'bad'], tensor([[0.0…, 0.9…], [0.9…, 0.0…]]))
//
// In C++ a Predictor calls any method of it; and once a program has said how the kind is answered (register_file_kind),
// rows of raw values are answered as those of a table are.
//
// Expected: six lines of the table, the last accuracy 1, then
//
//     a wonderful story is good (0.9…), what a dull film is bad (0.9…)
//     the file takes text and has predict(texts: List[str]) -> Tuple[List[str], Tensor]
//     a moving and funny film is good
#include <algorithm>
#include <cctype>
#include <iostream>
#include <map>
#include <sstream>

#include <embark/embark.h>

/// The words of a text in lower case.
std::vector<std::string> words_of(std::string text) {
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    std::istringstream stream(text);
    return {std::istream_iterator<std::string>(stream), {}};
}

/// What was fitted on reviews: their words. Number 0 is padding, 1 a word that training did not have.
struct Reviews : embark::Preprocessing {
    /// How many words of a text the model sees.
    static constexpr int64_t kLength = 12;
    std::vector<std::string> words = {"", "?"};
    std::map<std::string, int64_t> numbers;

    explicit Reviews(const std::vector<std::string>& texts) {
        for (const auto& text : texts) {
            for (const auto& word : words_of(text)) {
                if (numbers.emplace(word, static_cast<int64_t>(words.size())).second) words.push_back(word);
            }
        }
    }

    /// (n, kLength) int64
    torch::Tensor encode(const std::vector<std::string>& texts) const {
        auto encoded = torch::zeros({static_cast<int64_t>(texts.size()), kLength}, torch::kLong);
        for (size_t row = 0; row < texts.size(); ++row) {
            const auto text = words_of(texts[row]);
            for (size_t i = 0; i < std::min<size_t>(text.size(), kLength); ++i) {
                const auto found = numbers.find(text[i]);
                encoded[static_cast<int64_t>(row)][static_cast<int64_t>(i)] =
                    found == numbers.end() ? 1 : found->second;
            }
        }
        return encoded;
    }

    std::vector<std::string> target_classes(size_t) const override { return {"bad", "good"}; }

    embark::Table decode(const embark::Batch& batch) const override {
        std::vector<std::string> texts;
        for (int64_t row = 0; row < batch.size(); ++row) {
            std::string text;
            for (int64_t i = 0; i < kLength; ++i) {
                const auto number = batch.inputs[0][row][i].item<int64_t>();
                if (number > 0) text += (text.empty() ? "" : " ") + words[static_cast<size_t>(number)];
            }
            texts.push_back(text);
        }
        return embark::Table::from_text({{"text", texts}});
    }

    /// The attributes that the methods need, the methods, and what the file says of itself.
    void export_to(embark::ExportContext& file) const override {
        c10::Dict<std::string, int64_t> index;
        for (const auto& [word, number] : numbers) index.insert(word, number);
        file.attribute("word_numbers", index);
        file.attribute("length", kLength);
        file.attribute("labels", c10::List<std::string>(target_classes(0)));
        // dtype=4 is int64: TorchScript in C++ has numbers for dtypes.
        file.define(R"(
def encode(self, texts: List[str]) -> Tensor:
    numbers: List[int] = []
    for text in texts:
        words = text.lower().split()
        for i in range(self.length):
            numbers.append(self.word_numbers.get(words[i], 1) if i < len(words) else 0)
    return torch.tensor(numbers, dtype=4).reshape(len(texts), self.length)

def predict(self, texts: List[str]) -> Tuple[List[str], Tensor]:
    probabilities = torch.softmax(self.forward(self.encode(texts)), 1)
    best: List[int] = probabilities.argmax(1).tolist()
    return [self.labels[i] for i in best], probabilities
)");
        file.describe({.kind = "reviews",
                       .inputs = {"text"},
                       .outputs = {"opinion"},
                       .vocabulary_sizes = {{"text", static_cast<int64_t>(words.size())}},
                       .preprocessing = R"({"length": 12, "lower_case": true})"});
    }
};

/// How this program's Predictors answer rows, for files of the kind "reviews".
struct ReviewFile : embark::FileKind {
    using embark::FileKind::FileKind;

    bool predicts_rows() const override { return true; }
    std::vector<embark::TargetPredictions> predict_columns(const embark::RawColumns& columns,
                                                           embark::EncodingCounts*) const override {
        c10::List<std::string> texts;
        for (const auto& text : columns.at("text")) texts.push_back(text.text());
        const auto answer = file().call("predict", {texts});
        return {{.target = "opinion",
                 .classes = {"bad", "good"},
                 .probabilities = answer.toTupleRef().elements()[1].toTensor()}};
    }
};

/// The mean of a text's word vectors, and a linear layer.
struct OpinionNetImpl : torch::nn::Module {
    explicit OpinionNetImpl(int64_t n_words)
        : vectors(register_module("vectors", torch::nn::Embedding(n_words, 8))),
          out(register_module("out", torch::nn::Linear(8, 2))) {}

    torch::Tensor forward(const torch::Tensor& words) {
        const auto is_word = words.ne(0).unsqueeze(2).to(torch::kFloat);
        return out((vectors(words) * is_word).sum(1) / is_word.sum(1).clamp_min(1));
    }

    torch::nn::Embedding vectors;
    torch::nn::Linear out;
};
TORCH_MODULE(OpinionNet);

/// Every review that can be made of a beginning, a word of praise or of complaint, and a noun.
struct Corpus {
    std::vector<std::string> texts;
    std::vector<int64_t> opinions;

    Corpus() {
        const std::vector<std::string> beginnings = {"a", "what a", "this is a very", "I have seen a"};
        const std::vector<std::string> opinion_words[] = {{"dull", "slow", "silly", "boring", "terrible"},
                                                          {"wonderful", "moving", "funny", "brilliant", "great"}};
        for (const auto& beginning : beginnings) {
            for (int64_t opinion : {0, 1}) {
                for (const auto& word : opinion_words[opinion]) {
                    for (const std::string noun : {"story", "film", "plot", "cast", "ending"}) {
                        texts.push_back(beginning + " " + word + " " + noun);
                        opinions.push_back(opinion);
                    }
                }
            }
        }
    }
};

int main() try {
    embark::set_seed(1);
    const Corpus corpus;
    const auto reviews = std::make_shared<const Reviews>(corpus.texts);
    const embark::TensorDataset rows = {.inputs = {reviews->encode(corpus.texts)},
                                        .targets = {torch::tensor(corpus.opinions)}};
    const embark::DataLoaders dls(embark::DataLoader(rows, {.batch_size = 16, .shuffle = true}),
                                  embark::DataLoader(rows), reviews);

    embark::Learner learn(dls, OpinionNet(static_cast<int64_t>(reviews->words.size())),
                          {.loss = embark::cross_entropy_loss_flat(), .metrics = {embark::accuracy()}});
    learn.fit(6, 2e-2);
    learn.export_torchscript("reviews.pt");

    // A Predictor opens a file of any kind and calls its methods.
    const auto file = embark::Predictor::load("reviews.pt");
    const c10::List<std::string> texts({"a wonderful story", "what a dull film"});
    const auto answer = file.call("predict", {texts});
    const auto& labels = answer.toTupleRef().elements()[0].toListRef();
    const auto best = answer.toTupleRef().elements()[1].toTensor().amax(1);
    std::cout << "a wonderful story is " << labels[0].toStringRef() << " (" << best[0].item<float>()
              << "), what a dull film is " << labels[1].toStringRef() << " (" << best[1].item<float>() << ")\n";
    for (const auto& method : file.info().methods) {
        if (method.starts_with("predict"))
            std::cout << "the file takes " << file.info().inputs[0] << " and has " << method << "\n";
    }

    // And it answers rows as it does those of a table, where the program says how.
    embark::register_file_kind("reviews",
                               [](embark::ExportedFile opened) { return std::make_shared<ReviewFile>(opened); });
    const std::string text = "a moving and funny film";
    std::cout << text << " is " << embark::Predictor::load("reviews.pt").predict({{"text", text}}).label << "\n";
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
