#include <cmath>

#include <torch/torch.h>

#include <embark/core/text.h>
#include <embark/data/csv/csv.h>
#include <embark/data/tabular/vocabulary_columns.h>
#include <embark/learners/learner.h>
#include <embark/modules/image_encoder.h>
#include <embark/modules/multi_input_model.h>
#include <embark/modules/tabular_model.h>
#include <embark/modules/text_encoder.h>

#include "../datasets.h"
#include "experiments.h"

namespace embark::course {

namespace {

/// Made pictures, since the data have none: the colour of a card says the department, the height of a bar on it how
/// many readers found the review useful, and noise lies over both. Neither is in the table that the model gets.
at::Tensor draw_pictures(const Table& reviews) {
    const Vocabulary departments = fit_vocabulary(reviews, "Department Name", torch::arange(reviews.rows()));
    const at::Tensor department = encode_column(departments, reviews, "Department Name");
    const at::Tensor useful = reviews.numbers("Positive Feedback Count").nan_to_num(0).log1p() / std::log(123.0);
    const int64_t side = 16;
    const at::Tensor colours = torch::rand({departments.size(), 3});
    at::Tensor pictures = colours.index_select(0, department).reshape({-1, 3, 1, 1}).repeat({1, 1, side, side});
    const at::Tensor from_below = torch::arange(side, 0, -1).to(torch::kFloat) / side;
    const at::Tensor bar = (from_below.unsqueeze(0) <= useful.to(torch::kFloat).unsqueeze(1)).to(torch::kFloat);
    pictures.slice(3, 4, 8) = bar.reshape({-1, 1, side, 1});
    return pictures + 0.2 * torch::randn_like(pictures);
}

struct Reviews {
    int64_t n_tokens = 0;
    TabularModelOptions table = {};
    TensorDataset data = {};
    Split split = {};
};

Reviews read_reviews(const Lab& lab) {
    const auto folder = tools::dataset_folder("womens-reviews", "reviews.csv", lab.data_dir);
    const Table all = read_csv(folder / "reviews.csv");
    const Table reviews = all.head(lab.size(8000, 300));
    Reviews result{.split = random_split(reviews.rows(), 0.2, lab.seed)};
    const auto texts = fit_text_vocabulary(reviews, "Review Text", result.split.train, {.max_vocab = 4000});
    const auto divisions = fit_vocabulary(reviews, "Division Name", result.split.train);
    result.n_tokens = texts.size();
    result.table = {.embeddings = {{divisions.size(), 3}}, .n_cont = 1, .outputs = {{.size = 8}}, .layers = {16}};
    const at::Tensor age = ((reviews.numbers("Age") - 43) / 12).to(torch::kFloat).unsqueeze(1);
    result.data = {.inputs = {encode_column(texts, reviews, "Review Text", /*max_len=*/60), draw_pictures(reviews),
                              encode_column(divisions, reviews, "Division Name").unsqueeze(1), age},
                   .targets = {reviews.finite_numbers("Recommended IND").to(torch::kLong)}};
    return result;
}

/// Trains one network of the named branches, end to end.
Records train_branches(const Lab& lab, const Reviews& reviews, const std::vector<std::string>& names) {
    set_seed(lab.seed);
    std::vector<Branch> branches;
    for (const auto& name : names) {
        if (name == "text") {
            branches.push_back(
                {"text",
                 TextEncoder(TextEncoderOptions{
                     .n_tokens = reviews.n_tokens, .embedding_size = 32, .hidden_size = 32, .bidirectional = false}),
                 {0}});
        } else if (name == "image") {
            branches.push_back({"image", ImageEncoder(ImageEncoderOptions{.layers = {8, 16}}), {1}});
        } else {
            branches.push_back({"table", TabularModel(reviews.table), {2, 3}, 8});
        }
    }
    MultiInputModel model(std::move(branches), {.n_out = 2, .layers = {32}});
    const auto dls =
        DataLoaders::from_tensors(reviews.data.take(reviews.split.train), reviews.data.take(reviews.split.valid),
                                  {.batch_size = 64, .seed = lab.seed});
    Learner learn(dls, model, {.loss = cross_entropy_loss_flat(), .metrics = {accuracy(), roc_auc_binary()}});
    learn.fit_one_cycle(lab.epochs(3), 5e-3);
    return learn.records();
}

Result run_text_image_table(const Lab& lab) {
    const Reviews reviews = read_reviews(lab);
    const std::vector<std::vector<std::string>> networks = {
        {"text", "image", "table"}, {"image", "table"}, {"text", "table"}, {"text", "image"}};
    Result result;
    Grid grid{"Validation",
              "network",
              {"all three", "without the text", "without the image", "without the table"},
              {{"valid_loss"}, {"accuracy"}, {"auc"}}};
    for (const auto& branches : networks) {
        const Records records = train_branches(lab, reviews, branches);
        if (branches.size() == 3) result.training(records, {}, {}, "Text, image and table");
        grid.columns[0].values.push_back(records.last("valid_loss"));
        grid.columns[1].values.push_back(records.last("accuracy"));
        grid.columns[2].values.push_back(records.last(roc_auc_binary().name()));
    }
    const std::vector<double> auc = grid.columns[2].values;
    result.grids.push_back(std::move(grid));
    result.check({"AUC is higher with the text", Relation::above, auc[0], auc[1], "without the text"});
    result.check({"AUC is no worse for the image", Relation::as_high, auc[0], auc[2], "without the image", 0.02});
    result.check({"AUC is no worse for the table", Relation::as_high, auc[0], auc[3], "without the table", 0.02});
    return result;
}

}  // namespace

const Experiment kTextImageTable = {
    .name = "text-image-table",
    .title = "Text, image and table in one network",
    .notes =
        "Text goes into an RNN, the image into a CNN, metadata into a tabular model; the three are put side by "
        "side, go through fully connected layers and are trained end to end. The notes describe it; here each "
        "branch's worth is shown by leaving it out. The pictures are made: colour and bar stand for two columns "
        "that the table lacks.",
    .settings =
        "8,000 reviews of clothes: is it recommended? GRU of 32, CNN of 8 and 16 channels, age and division; "
        "batches of 64, 3 epochs of one-cycle at 5e-3",
    .conclusion =
        "Whatever gives a vector can be a branch of one network. What a branch is worth shows when it is "
        "left out.",
    .to_try = "Train the text alone, or feed the table's columns to the text's network as words.",
    .run = run_text_image_table};

}  // namespace embark::course
