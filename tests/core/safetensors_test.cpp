#include <embark/core/safetensors.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <embark/core/error.h>
#include <embark/core/file.h>

#include "test_files.h"

namespace embark {
namespace safetensors_test {

using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

TensorFile small_file() {
    return {{{"weight", torch::arange(6, at::kFloat).reshape({2, 3})}, {"step", torch::tensor(int64_t{7})}},
            {{"note", "a \"quoted\" é"}}};
}

TEST(Safetensors, gives_back_what_was_saved) {
    const TemporaryFolder folder;
    TensorFile saved = small_file();
    for (const auto type :
         {at::kDouble, at::kHalf, at::kBFloat16, at::kInt, at::kShort, at::kChar, at::kByte, at::kBool}) {
        saved.tensors[c10::toString(type)] = torch::tensor({0, 1, 1}).to(type);
    }
    saved.tensors["empty"] = torch::zeros({0, 4});
    saved.tensors["transposed"] = torch::arange(6, at::kFloat).reshape({2, 3}).t();
    save_safetensors(folder.path() / "x.safetensors", saved);
    const TensorFile loaded = load_safetensors(folder.path() / "x.safetensors");
    ASSERT_EQ(loaded.tensors.size(), saved.tensors.size());
    for (const auto& [name, tensor] : saved.tensors) {
        EXPECT_TRUE(loaded.tensors.at(name).equal(tensor)) << name;
        EXPECT_EQ(loaded.tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
    }
    EXPECT_EQ(loaded.metadata, saved.metadata);
}

TEST(Safetensors, every_flipped_byte_and_every_truncation_is_found) {
    const TemporaryFolder folder;
    save_safetensors(folder.path() / "x.safetensors", small_file());
    const std::string good = read_file(folder.path() / "x.safetensors");
    for (size_t i = 0; i < good.size(); ++i) {
        std::string flipped = good;
        flipped[i] = static_cast<char>(flipped[i] ^ 0x10);
        EXPECT_THROW(load_safetensors(folder.write("flipped", flipped), Checksum::required), Error) << "byte " << i;
        EXPECT_THROW(load_safetensors(folder.write("cut", good.substr(0, i)), Checksum::required), Error)
            << "cut to " << i;
    }
    EXPECT_THROW(load_safetensors(folder.write("longer", good + "x")), Error);
}

TEST(Safetensors, says_what_a_file_is_not) {
    const TemporaryFolder folder;
    EXPECT_THAT(message_of<Error>([&] { load_safetensors(folder.write("text", "user,movie,rating\n1,2,3\n")); }),
                HasSubstr("is not a sound safetensors file"));
    EXPECT_THAT(message_of<Error>([&] { load_safetensors(folder.path()); }), HasSubstr("it is a folder"));
}

TEST(Safetensors, reads_files_of_other_programs_which_have_no_checksum) {
    const TemporaryFolder folder;
    std::string header = R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})";
    const auto size = static_cast<char>(header.size());
    const auto path = folder.write("x", std::string{size, 0, 0, 0, 0, 0, 0, 0} + header + "\x01\x02");
    EXPECT_TRUE(load_safetensors(path).tensors.at("a").equal(torch::tensor({1, 2}, at::kByte)));
    EXPECT_THAT(message_of<Error>([&] { load_safetensors(path, Checksum::required); }), HasSubstr("no checksum"));
}

/// What is said of a file of one tensor, described so, and no data.
std::string message_of_entry(const std::string& entry) {
    const TemporaryFolder folder;
    const std::string header = R"({"a":)" + entry + "}";
    std::string size(8, '\0');
    size[0] = static_cast<char>(header.size() & 0xff);
    size[1] = static_cast<char>(header.size() >> 8);
    const auto path = folder.write("x", size + header);
    return message_of<Error>([&] { load_safetensors(path); });
}

TEST(Safetensors, refuses_shapes_that_no_tensor_has) {
    for (const std::string shape :
         {"[-1]", "[0, 4611686018427387904, 4611686018427387904]", "[9223372036854775807, 0]"}) {
        EXPECT_THAT(message_of_entry(R"({"dtype":"F32","data_offsets":[0,0],"shape":)" + shape + "}"),
                    HasSubstr("tensor 'a' has an impossible shape"))
            << shape;
    }
    std::string many = "[0";
    for (int i = 0; i < 100; ++i) many += ",1";
    EXPECT_THAT(message_of_entry(R"({"dtype":"F32","data_offsets":[0,0],"shape":)" + many + "]}"),
                HasSubstr("tensor 'a' has an impossible shape"));
    EXPECT_THAT(message_of_entry(R"({"dtype":"F32","data_offsets":[0,0],"shape":[1e300]})"),
                HasSubstr("that are not integers"));
    EXPECT_THAT(message_of_entry(R"({"dtype":"F32","data_offsets":[0,1e300],"shape":[1]})"),
                HasSubstr("that are not integers"));
}

TEST(Safetensors, refuses_a_header_that_would_take_more_memory_than_any_model_needs) {
    const TemporaryFolder folder;
    const std::string size("\0\0\0\5\0\0\0\0", 8);  // 80 MiB
    const auto path = folder.write("x", size);
    std::filesystem::resize_file(path, 100 << 20);
    EXPECT_THAT(message_of<Error>([&] { load_safetensors(path); }), HasSubstr("and Embark reads 16777216 at most"));
}

TEST(Safetensors, refuses_a_type_that_the_format_has_not) {
    const TemporaryFolder folder;
    const TensorFile content{{{"z", torch::zeros({2}, at::kComplexFloat)}}, {}};
    EXPECT_THAT(message_of<Error>([&] { save_safetensors(folder.path() / "x", content); }), HasSubstr("tensor 'z'"));
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "x"));
}

TEST(Safetensors, text_that_is_not_utf_8_is_refused_and_not_changed) {
    const TemporaryFolder folder;
    EXPECT_THAT(message_of<Error>([&] {
                    save_safetensors(folder.path() / "state", {.tensors = {}, .metadata = {{"a", "caf\xE9"}}});
                }),
                ::testing::EndsWith("state: a name or a text in it is not UTF-8"));
    EXPECT_FALSE(std::filesystem::exists(folder.path() / "state"));
}

}  // namespace safetensors_test
}  // namespace embark
