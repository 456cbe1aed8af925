#include <embark/core/error.h>
#include <embark/data/images/contact_sheet.h>
#include <embark/data/images/image_dataset.h>
#include <embark/data/loaders/dataloaders.h>

#include <fstream>
#include <sstream>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <unistd.h>

#include "test_files.h"

namespace embark {
namespace image_dataset_test {

using embark::testing::message_of;
using embark::testing::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
namespace fs = std::filesystem;

/// A picture of one grey: `value` of 255.
at::Tensor plain_picture(int64_t value, int64_t height = 6, int64_t width = 5) {
    return at::full({1, height, width}, value, at::kByte);
}

/// A folder of pictures with the classes cat, dog and Zebra, `n` each: those of class c and number i have the grey 10 c
/// + i.
void write_animals(const fs::path& folder, int64_t n = 4) {
    const std::vector<std::string> classes = {"cat", "dog", "Zebra"};
    for (size_t c = 0; c < classes.size(); ++c) {
        fs::create_directories(folder / classes[c] / "more");
        for (int64_t i = 0; i < n; ++i) {
            const fs::path file = folder / classes[c] / (i == 0 ? "more/0.PNG" : concat(i, ".png"));
            write_png(file, plain_picture(static_cast<int64_t>(10 * c) + i));
        }
    }
}

void write_text(const fs::path& file, const std::string& text) {
    std::ofstream(file) << text;
}

std::vector<std::string> codes_of(const std::vector<Warning>& warnings) {
    std::vector<std::string> codes;
    for (const Warning& warning : warnings) codes.push_back(warning.code);
    return codes;
}

ImageDatasetOptions grey(bool skip_broken = false) {
    return {.image = {.channels = 1}, .skip_broken = skip_broken};
}

TEST(ImageDataset, of_a_folder_has_a_class_for_each_folder_in_it_in_the_order_of_names) {
    const TemporaryFolder folder;
    write_animals(folder.path());
    const auto animals = ImageDataset::from_folder(folder.path(), grey());
    EXPECT_THAT(animals.classes(), ElementsAre("Zebra", "cat", "dog"));
    ASSERT_EQ(animals.size(), 12);
    EXPECT_TRUE(at::equal(animals.targets(), at::arange(3).repeat_interleave(4)));
    EXPECT_EQ(animals.files()[4], folder.path() / "cat" / "1.png");
    EXPECT_EQ(animals.files()[7], folder.path() / "cat" / "more" / "0.PNG");
    Random random(1);
    const Sample sample = animals.get(5, random);
    EXPECT_TRUE(at::equal(sample.inputs[0], plain_picture(2).to(at::kFloat) / 255));
    EXPECT_EQ(sample.targets[0].item<int64_t>(), 1);
    EXPECT_THAT(animals.warnings(), IsEmpty());
}

TEST(ImageDataset, batches_are_the_same_with_0_1_and_4_workers) {
    const TemporaryFolder folder;
    write_animals(folder.path(), 9);
    const auto batches = [&](int64_t workers) {
        const auto dls =
            DataLoaders::from_dataset(ImageDataset::from_folder(folder.path(), {.image = {.height = 9, .width = 8}}),
                                      {.batch_size = 4, .transforms = {random_crop(8, 2)}, .workers = workers});
        Tensors all;
        for (const Batch& batch : dls.train().epoch(1)) all.insert(all.end(), {batch.inputs[0], batch.targets[0]});
        for (const Batch& batch : dls.valid().epoch(0)) all.insert(all.end(), {batch.inputs[0], batch.targets[0]});
        return all;
    };
    const Tensors alone = batches(0);
    ASSERT_FALSE(alone.empty());
    for (const int64_t workers : {1, 4}) {
        const Tensors with = batches(workers);
        ASSERT_EQ(with.size(), alone.size());
        for (size_t i = 0; i < alone.size(); ++i) EXPECT_TRUE(at::equal(with[i], alone[i])) << i;
    }
}

TEST(ImageDataset, hidden_files_are_passed_over_and_others_are_counted) {
    const TemporaryFolder folder;
    write_animals(folder.path());
    fs::create_directories(folder.path() / ".cache" / "cat");
    write_text(folder.path() / "cat" / ".hidden.png", "");
    write_text(folder.path() / "readme.txt", "");
    write_text(folder.path() / "dog" / "notes.txt", "");
    write_text(folder.path() / "dog" / "dog.gif", "");
    write_png(folder.path() / "stray.png", plain_picture(3));
    const auto animals = ImageDataset::from_folder(folder.path());
    EXPECT_EQ(animals.size(), 12);
    ASSERT_THAT(codes_of(animals.warnings()), ElementsAre("no_class", "other_files"));
    EXPECT_THAT(animals.warnings()[0].message, AllOf(HasSubstr("1 picture is left out"), HasSubstr("stray.png")));
    EXPECT_THAT(animals.warnings()[1].message, AllOf(HasSubstr("3 files are left out"), HasSubstr("dog.gif")));
}

TEST(ImageDataset, a_file_that_cannot_be_read_is_named_or_left_out_and_counted) {
    const TemporaryFolder folder;
    write_animals(folder.path());
    write_text(folder.path() / "dog" / "empty.png", "");
    write_text(folder.path() / "dog" / "words.jpg", "these are words");
    const std::string whole = encode_png(plain_picture(3));
    write_text(folder.path() / "cat" / "cut.png", whole.substr(0, whole.size() - 20));
    const auto all = ImageDataset::from_folder(folder.path(), grey());
    EXPECT_EQ(all.size(), 15);
    for (const int64_t workers : {0, 2}) {
        const auto dls = DataLoaders::from_dataset(all, all, {.batch_size = 15, .shuffle = false, .workers = workers});
        EXPECT_THAT(message_of<Error>([&] { dls.one_batch(); }),
                    AllOf(HasSubstr("Sample 7 of the training data set: Cannot read"), HasSubstr("cat/cut.png: "),
                          HasSubstr("skip_broken")));
    }
    const auto read = ImageDataset::from_folder(folder.path(), grey(/*skip_broken=*/true));
    EXPECT_EQ(read.size(), 12);
    EXPECT_EQ(read.targets().numel(), 12);
    ASSERT_THAT(codes_of(read.warnings()), ElementsAre("broken_pictures"));
    EXPECT_THAT(read.warnings()[0].message, AllOf(HasSubstr("3 of 15 pictures"), HasSubstr("cut.png"),
                                                  HasSubstr("empty.png: it is empty"), HasSubstr("words.jpg")));
    EXPECT_EQ(DataLoaders::from_dataset(read, read, {.batch_size = 12}).one_batch().size(), 12);
}

TEST(ImageDataset, where_no_picture_can_be_read_says_so) {
    const TemporaryFolder folder;
    fs::create_directories(folder.path() / "cat");
    write_text(folder.path() / "cat" / "a.png", "words");
    EXPECT_THAT(message_of<Error>([&] { ImageDataset::from_folder(folder.path(), grey(true)); }),
                AllOf(HasSubstr("None of the 1 pictures"), HasSubstr("a.png: it is neither")));
}

TEST(ImageDataset, folders_that_make_no_classes_are_refused) {
    const TemporaryFolder folder;
    const auto problem = [&](const fs::path& path) {
        return message_of<Error>([&] { ImageDataset::from_folder(path); });
    };
    EXPECT_THAT(problem(folder.path() / "none"), AllOf(HasSubstr("Cannot read the folder"), HasSubstr("none")));
    EXPECT_THAT(problem(folder.path()), HasSubstr("There is no folder in"));
    write_png(folder.path() / "a.png", plain_picture(3));
    EXPECT_THAT(problem(folder.path()), HasSubstr("pictures alone"));
    EXPECT_THAT(problem(folder.path() / "a.png"), HasSubstr("Cannot read the folder"));
    fs::create_directories(folder.path() / "empty");
    EXPECT_THAT(problem(folder.path()), AllOf(HasSubstr("There is no picture"), HasSubstr("empty")));
    write_animals(folder.path() / "data" / "train");
    write_animals(folder.path() / "data" / "valid");
    EXPECT_THAT(problem(folder.path() / "data"), HasSubstr("train, valid, which are no classes"));
    fs::create_directory_symlink(folder.path() / "data", folder.path() / "data" / "train" / "cat" / "loop");
    EXPECT_THAT(problem(folder.path() / "data" / "train"), HasSubstr("is a link to one that it lies in"));
    if (geteuid() == 0) return;  // who may read everything
    fs::permissions(folder.path() / "data" / "valid" / "cat", fs::perms::none);
    EXPECT_THAT(problem(folder.path() / "data" / "valid"), HasSubstr("cat: Permission denied"));
    fs::permissions(folder.path() / "data" / "valid" / "cat", fs::perms::owner_all);
}

TEST(ImageDataset, of_one_class_is_allowed_and_said) {
    const TemporaryFolder folder;
    fs::create_directories(folder.path() / "cat");
    write_png(folder.path() / "cat" / "a.png", plain_picture(3));
    EXPECT_THAT(codes_of(ImageDataset::from_folder(folder.path()).warnings()), ElementsAre("one_class"));
}

TEST(ImageDataset, for_validation_has_the_classes_of_training) {
    const TemporaryFolder folder;
    write_animals(folder.path() / "train");
    write_animals(folder.path() / "valid");
    fs::remove_all(folder.path() / "valid" / "Zebra");
    const auto train = ImageDataset::from_folder(folder.path() / "train", grey());
    const auto other = ImageDataset::from_folder(folder.path() / "valid", grey());
    EXPECT_THAT(message_of<Error>([&] { DataLoaders::from_dataset(train, other); }),
                AllOf(HasSubstr("Zebra, cat, dog"), HasSubstr("the validation data set cat, dog")));
    const auto valid =
        ImageDataset::from_folder(folder.path() / "valid", {.image = {.channels = 1}, .classes = train.classes()});
    EXPECT_TRUE(at::equal(valid.targets(), at::arange(1, 3).repeat_interleave(4)));
    EXPECT_EQ(DataLoaders::from_dataset(train, valid).valid().rows(), 8);
    const auto in_color = ImageDataset::from_folder(folder.path() / "valid", {.classes = train.classes()});
    EXPECT_THAT(message_of<Error>([&] { DataLoaders::from_dataset(train, in_color); }), HasSubstr("read otherwise"));
    const auto problem = [&](std::vector<std::string> classes) {
        return message_of<Error>([&] { ImageDataset::from_folder(folder.path() / "valid", {.classes = classes}); });
    };
    EXPECT_THAT(problem({"cat", "cow"}), HasSubstr("is 'dog', which is not among those given: cat, cow"));
    EXPECT_THAT(problem({"a", "a"}), HasSubstr("'a' twice"));
    EXPECT_THAT(problem({"\xFF"}), HasSubstr("not UTF-8"));
}

TEST(ImageDataset, pictures_of_different_sizes_are_named) {
    const TemporaryFolder folder;
    write_animals(folder.path());
    write_png(folder.path() / "cat" / "wide.png", plain_picture(3, 6, 9));
    const auto animals = ImageDataset::from_folder(folder.path());
    const auto dls = DataLoaders::from_dataset(animals, animals, {.batch_size = 20});
    EXPECT_THAT(message_of<Error>([&] { dls.one_batch(); }),
                AllOf(HasSubstr("Batch 0 of the training data set: input 0 of sample"), HasSubstr("[3, 6, 9]"),
                      HasSubstr("cat/wide.png)"), HasSubstr("resize()")));
}

TEST(ImageDataset, of_a_table_has_paths_and_targets_in_its_columns) {
    const TemporaryFolder folder;
    write_animals(folder.path());
    const Table table = Table::from_text(
        {{"path", {"cat/1.png", "dog/2.png", "Zebra/3.png"}},
         {"age", {"10", "9", "2"}},
         {"weight", {"0.5", "2", "7"}}});
    const auto by_age = ImageDataset::from_table(table, {.target = "age", .folder = folder.path()}, grey());
    EXPECT_THAT(by_age.classes(), ElementsAre("2", "9", "10"));
    EXPECT_TRUE(at::equal(by_age.targets(), at::tensor({2, 1, 0}, at::kLong)));
    const auto weights = ImageDataset::from_table(
        table, {.target = "weight", .folder = folder.path(), .target_is_number = true}, grey());
    EXPECT_TRUE(at::equal(weights.targets(), at::tensor({0.5, 2., 7.}, at::kFloat)));
    EXPECT_THAT(weights.classes(), IsEmpty());
    const auto decoded = DataLoaders::from_dataset(weights, weights, {.shuffle = false}).decoded_batch();
    EXPECT_THAT(decoded.names(), ElementsAre("picture", "weight"));

    const auto problem = [&](const Table& rows, ImageColumns columns) {
        columns.folder = folder.path();
        return message_of<Error>([&] { ImageDataset::from_table(rows, columns); });
    };
    EXPECT_THAT(problem(table, {.target = "weight"}), HasSubstr("target_is_number"));
    EXPECT_THAT(problem(table, {.target = "none"}), HasSubstr("none"));
    EXPECT_THAT(problem(Table::from_text({{"path", {"cat/1.png", ""}}, {"class", {"a", "b"}}}), {}),
                AllOf(HasSubstr("row 2"), HasSubstr("there is no path")));
    EXPECT_THAT(problem(Table::from_text({{"path", {"cat/1.png", "cat/9.png"}}, {"class", {"a", "b"}}}), {}),
                AllOf(HasSubstr("row 2"), HasSubstr("there is no file"), HasSubstr("cat/9.png")));
    EXPECT_THAT(problem(Table::from_text({{"path", {"cat/1.png"}}, {"class", {""}}}), {}),
                HasSubstr("there is no class"));
}

TEST(ImageDataset, batches_are_decoded_with_the_names_of_classes) {
    const TemporaryFolder folder;
    write_animals(folder.path());
    const auto animals = ImageDataset::from_folder(folder.path(), grey());
    const auto dls = DataLoaders::from_dataset(animals, animals, {.batch_size = 12, .shuffle = false});
    EXPECT_THAT(dls.target_classes(), ElementsAre("Zebra", "cat", "dog"));
    const Batch batch = dls.one_batch();
    const Table table = dls.decode(batch, {at::full({12}, 1, at::kLong)});
    EXPECT_THAT(table.names(), ElementsAre("picture", "class", "prediction"));
    EXPECT_EQ(table.text("class")[11], "dog");
    EXPECT_EQ(table.text("prediction")[11], "cat");
    EXPECT_EQ(table.text("picture")[11], "1 × 6 × 5, mean 0.039");
    // Scores are no numbers of classes.
    EXPECT_THAT(dls.decode(batch, {at::zeros({12, 3})}).names(), SizeIs(5));
}

std::string content_of(const fs::path& file) {
    std::stringstream content;
    content << std::ifstream(file).rdbuf();
    return content.str();
}

size_t count(const std::string& text, const std::string& part) {
    size_t n = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
    return n;
}

TEST(ContactSheet, has_each_picture_with_its_class_and_prediction) {
    const TemporaryFolder folder;
    write_animals(folder.path() / "data");
    fs::rename(folder.path() / "data" / "dog", folder.path() / "data" / "<dog> & co");
    const auto animals = ImageDataset::from_folder(folder.path() / "data");
    const auto dls = DataLoaders::from_dataset(
        animals, animals,
        {.batch_size = 12, .shuffle = false, .batch_transforms = {normalize({0.5, 0.5, 0.5}, {0.2, 0.2, 0.2})}});
    dls.show_batch(folder.path() / "batch.html", 5);
    const std::string shown = content_of(folder.path() / "batch.html");
    EXPECT_EQ(count(shown, "<figure><img"), 5);
    EXPECT_EQ(count(shown, "data:image/png;base64,iVBORw0KGgo"), 5);
    EXPECT_THAT(shown,
                AllOf(HasSubstr("class: &lt;dog> &amp; co"), Not(HasSubstr("picture:")), Not(HasSubstr("vega"))));

    const Batch batch = dls.one_batch();
    contact_sheet(dls, batch, {at::full({12}, 1, at::kLong)}).save(folder.path() / "results.html");
    EXPECT_EQ(count(content_of(folder.path() / "results.html"), "<figure class=\"wrong\">"), 8);

    EXPECT_THAT(message_of<Error>([&] { dls.show_batch(folder.path() / "none" / "batch.html"); }), HasSubstr("none"));
    const auto rows = DataLoaders::from_tensors({.inputs = {at::zeros({10, 3})}, .targets = {at::zeros({10})}});
    EXPECT_THAT(message_of<Error>([&] { rows.show_batch(folder.path() / "rows.html"); }), HasSubstr("[8, 3]"));
    EXPECT_FALSE(fs::exists(folder.path() / "rows.html"));
}

/// Pictures with a mask each.
struct Masked {
    fs::path folder;
    int64_t size() const { return 6; }
    Sample get(int64_t index) const {
        return {.inputs = {read_image(folder / concat("picture_", index, ".png"))},
                .targets = {read_mask(folder / concat("mask_", index, ".png"))}};
    }
};

TEST(Image, and_its_mask_are_a_sample_of_ones_own_and_flipped_together) {
    const TemporaryFolder folder;
    for (int64_t i = 0; i < 6; ++i) {
        const at::Tensor mask = at::arange(20).view({1, 4, 5}).remainder(3).to(at::kByte);
        write_png(folder.path() / concat("mask_", i, ".png"), mask);
        write_png(folder.path() / concat("picture_", i, ".png"), mask.expand({3, -1, -1}) * 100 + i);
    }
    const auto flip_both = [](Sample& sample, Random& random) {
        if (!random.chance(0.5)) return;
        for (at::Tensor* part : {&sample.inputs[0], &sample.targets[0]}) *part = part->flip(-1);
    };
    const auto dls = DataLoaders::from_dataset(Masked{folder.path()}, Masked{folder.path()},
                                               {.batch_size = 6, .transforms = {flip_both}, .workers = 2});
    const Batch batch = dls.one_batch();
    EXPECT_EQ(batch.inputs[0].sizes(), at::IntArrayRef({6, 3, 4, 5}));
    EXPECT_EQ(batch.targets[0].sizes(), at::IntArrayRef({6, 4, 5}));
    const at::Tensor of_picture = (batch.inputs[0].select(1, 0) * 255 / 100).floor().to(at::kLong);
    EXPECT_TRUE(at::equal(of_picture, batch.targets[0]));
    EXPECT_FALSE(at::equal(batch.targets[0], dls.valid().epoch(0)[0].targets[0]));
}

}  // namespace image_dataset_test
}  // namespace embark
