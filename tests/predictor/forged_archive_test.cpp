#include <embark/predictor/predictor.h>

#include <functional>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>
#include <nlohmann/json.hpp>

#include <embark/core/error.h>
#include <embark/core/file.h>
#include <embark/predictor/detail/archive_seal.h>
#include <embark/predictor/detail/export_format.h>
#include <embark/predictor/file_schema.h>

#include "archives.h"
#include "test_files.h"

namespace embark {
namespace forged_archive_test {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::message_of;
using ::testing::Not;
using testing::TemporaryFolder;

namespace fs = std::filesystem;

fs::path golden(const std::string& name) {
    return fs::path(EMBARK_SOURCE_DIR) / "tests" / "golden" / "0.1" / name;
}

/// A golden file after somebody has changed its module and its description, with a right checksum: whoever can make a
/// file can make one.
std::string forged(const std::string& name, const std::function<void(torch::jit::Module&, json&)>& edit) {
    torch::jit::ExtraFilesMap extra = {{kMetadataName, ""}};
    auto module = torch::jit::load(golden(name).string(), at::kCPU, extra);
    json description = json::parse(extra.at(kMetadataName));
    edit(module, description);
    extra[kMetadataName] = description.dump();
    std::ostringstream out;
    module.save(out, extra);
    return seal_archive(out.str());
}

/// A golden file with other records and a right checksum.
std::string with_records(const std::string& name, const std::function<void(testing::Records&)>& edit) {
    return seal_archive(testing::edited_archive(read_file(golden(name)), edit));
}

std::string load_message(const std::string& archive, const LoadOptions& options = {}) {
    const TemporaryFolder folder;
    const auto path = folder.write("model.pt", archive);
    return message_of<Error>([&] { Predictor::load(path, options); });
}

std::string message_of_description(const std::string& name, const std::function<void(json&)>& edit) {
    return load_message(forged(name, [&](auto&, json& description) { edit(description); }));
}

TEST(ForgedArchive, that_nobody_has_changed_is_read) {
    const TemporaryFolder folder;
    for (const char* name : {"tabular.pt", "collab.pt", "best.pt", "text.pt", "tensors.pt", "ensemble.pt"}) {
        const auto path = folder.write(name, forged(name, [](auto&, json&) {}));
        EXPECT_NO_THROW(Predictor::load(path)) << name;
        EXPECT_NO_THROW(Predictor::load(path, {.trusted = false})) << name;
    }
}

TEST(ForgedArchive, with_a_network_that_does_not_fit_its_module_is_refused) {
    const auto of_network = [](const char* key, const json& value) {
        return message_of_description("tabular.pt", [&](json& description) { description["network"][key] = value; });
    };
    // Files of 0.1 say nothing of a network: what a later version says of this module.
    const auto network = [](json& description) {
        description["network"] = {{"n_embeddings", description["preprocessing"]["categories"].size()},
                                  {"n_cont", description["preprocessing"]["numbers"].size()},
                                  {"n_layers", 3},
                                  {"lin_first", true},
                                  {"bounded", json::array()},
                                  {"y_range", {0, 1}}};
    };
    const auto message = [&](const char* key, const json& value) {
        return message_of_description("tabular.pt", [&](json& description) {
            network(description);
            description["network"][key] = value;
        });
    };
    EXPECT_THAT(message("bounded", {1'000'000'000}), HasSubstr("do not fit the columns"));
    EXPECT_THAT(message("bounded", {1e300}), HasSubstr("'bounded' are not places of outputs"));
    EXPECT_THAT(message("n_layers", 0), HasSubstr("'n_layers' is 0, and must be an integer from 1"));
    EXPECT_THAT(message("n_layers", 1e300), HasSubstr("'n_layers' is 1e+300"));
    EXPECT_THAT(message("n_layers", 9), HasSubstr("lacks"));
    EXPECT_THAT(message("n_embeddings", -1), HasSubstr("'n_embeddings' is -1"));
    EXPECT_THAT(of_network("y_range", json::array()), HasSubstr("its description is not one that Embark writes"));
}

TEST(ForgedArchive, with_columns_that_do_not_fit_one_another_or_the_model_is_refused) {
    const auto message = [](const std::function<void(json&)>& edit) {
        return message_of_description("tabular.pt", [&](json& description) { edit(description["preprocessing"]); });
    };
    EXPECT_THAT(message([](json& p) { p["categories"][0]["categories"] = json::array(); }),
                HasSubstr("The first name of a vocabulary must be"));
    EXPECT_THAT(message([](json& p) { p["categories"] = json::array(); }), HasSubstr("forward failed"));
    EXPECT_THAT(message([](json& p) { p["categories"][0]["missing_in"] = "no such column"; }),
                HasSubstr("says what is missing in 'no such column', which is not a column of numbers"));
    EXPECT_THAT(message([](json& p) {
                    for (int i = 0; i < 100'000; ++i) p["targets"][0]["classes"].push_back(std::to_string(i));
                }),
                HasSubstr("its model gives [2, 2] for two rows"));
    EXPECT_THAT(message([](json& p) {
                    for (int i = 0; i < 1'000; ++i)
                        p["categories"][0]["categories"].push_back("new " + std::to_string(i));
                }),
                HasSubstr("index out of range"));
    EXPECT_THAT(message([](json& p) { p["targets"] = json::array(); }), HasSubstr("it has no targets"));
    EXPECT_THAT(message([](json& p) { p["numbers"][0]["scaler"]["scale"] = 0; }),
                HasSubstr("scaled by numbers that no column has"));
    EXPECT_THAT(message([](json& p) { p["numbers"] = 7; }),
                AllOf(HasSubstr("its description is not one that Embark writes"), Not(HasSubstr("json"))));
    EXPECT_THAT(message_of_description("text.pt", [](json& d) { d["preprocessing"]["texts"][0]["max_len"] = 1e15; }),
                HasSubstr("'max_len' is 1e+15"));
    EXPECT_THAT(message([](json& p) { p["numbers"].push_back(p["numbers"][0]); }), HasSubstr("it has two columns '"));
    EXPECT_THAT(message([](json& p) { p["targets"].push_back(p["targets"][0]); }), HasSubstr("it has two columns '"));
    EXPECT_THAT(message([](json& p) { p["numbers"][0]["scaler"]["scale"] = -1; }),
                HasSubstr("scaled by numbers that no column has"));
    for (const char* place : {"format", "model", "metadata", "network"}) {
        const std::string deep = concat(std::string(100'000, '['), std::string(100'000, ']'));
        EXPECT_THAT(load_message(with_records("tabular.pt", [&](testing::Records& records) {
                        auto& text = records.at(concat("extra/", kMetadataName));
                        text.insert(text.find('{') + 1, concat('"', place, "\":", deep, ","));
                    })),
                    HasSubstr("nested more than 100 deep"));
    }
    for (const json& format : {json(2), json(-1), json(1e300), json("1"), json()}) {
        EXPECT_THAT(message_of_description("tabular.pt", [&](json& d) { d["format"] = format; }),
                    HasSubstr("cannot be read"));
    }
}

TEST(ForgedArchive, whose_ratings_are_not_what_they_should_be_is_refused_when_it_is_asked) {
    const TemporaryFolder folder;
    const auto path =
        folder.write("collab.pt", forged("collab.pt", [](torch::jit::Module& module, json&) {
                         module.register_attribute("_embark_user_spelling", c10::IntType::get(), 1'000'000);
                     }));
    const auto movies = Predictor::load(path);
    EXPECT_THAT(message_of<Error>([&] { movies.knows_user("1"); }), HasSubstr("has another _embark_user_spelling"));
}

/// Puts `to` in the place of the first `from` behind `after`, and a right checksum at the end.
std::string patched(std::string archive, const std::string& after, const std::string& from, const std::string& to) {
    const size_t comment = archive.rfind("embark-crc32=");
    archive.resize(comment);
    archive[comment - 2] = 0;
    const size_t begin = archive.find(after);
    const size_t at = archive.find(from, begin);
    EXPECT_NE(begin, archive.npos);
    EXPECT_NE(at, archive.npos);
    archive.replace(at, from.size(), to);
    return seal_archive(archive);
}

TEST(ForgedArchive, that_says_of_a_tensor_what_is_not_so_is_refused) {
    torch::jit::Module module("M");
    module.register_parameter("weight", torch::arange(1'000, at::kFloat).unsqueeze(1), false);
    module.define("def forward(self, x):\n    return x + self.weight\n");
    std::ostringstream out;
    module.save(out, {{kMetadataName, R"({"format":1,"kind":"tensors","version":"0.2","model":"M"})"}});
    const std::string whole = seal_archive(out.str());
    const TemporaryFolder folder;
    EXPECT_NO_THROW(Predictor::load(folder.write("whole.pt", whole)));
    // A size of 1,000 is M and two bytes: in the pickle that of the storage, then that of the tensor in a list.
    const std::string n("M\xe8\x03", 3), more("M\xff\xff", 3);
    EXPECT_THAT(load_message(patched(whole, "FloatStorage", n, more)),
                HasSubstr("a tensor's numbers are not all there"));
    EXPECT_THAT(load_message(patched(whole, "FloatStorage", "(" + n, "(" + more)),
                HasSubstr("a tensor lies outside of its storage"));
}

TEST(ForgedArchive, that_would_fill_memory_is_refused) {
    // LibTorch makes room for all values up to the number that one is given.
    const std::string far_away("r\xff\xff\xff\x7f.", 6);
    for (const char* name : {"tabular.pt", "collab.pt", "tensors.pt"}) {
        EXPECT_THAT(load_message(with_records(name, [&](testing::Records& records) {
                        auto& pickle = records.at("data.pkl");
                        pickle.replace(pickle.size() - 1, 1, far_away);
                    })),
                    HasSubstr("it gives a value a number that it has no values for"));
        const std::string bomb = with_records(
            name, [](testing::Records& records) { records["code/bomb.py"] = std::string(80 << 20, ' '); });
        EXPECT_LT(bomb.size(), 1 << 20);
        EXPECT_THAT(load_message(bomb), HasSubstr("'code/bomb.py', is larger than in any model's file"));
    }
}

TEST(ForgedArchive, that_refers_to_the_same_numbers_again_and_again_is_refused) {
    using namespace std::string_literals;
    // A list of references to the storage that the memory has as number 0.
    const std::string storage = "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0" "0X\3\0\0\0cpuM\xe8\x03tq\0"s;
    std::string again = "\x80\x02](" + storage;
    for (int i = 0; i < 1'000; ++i) again += "Qh\0"s;
    const std::string archive = testing::archive_of({{"data.pkl", again + "Qe."}, {"data/0", std::string(4'000, 'x')}});
    EXPECT_THAT(load_message(seal_archive(archive)), HasSubstr("its tensors are larger than the file"));
    EXPECT_THAT(load_message(seal_archive(testing::archive_of({{"data.pkl", "\x80\x02]."}}))),
                HasSubstr("it holds no module"));
}

TEST(ForgedArchive, is_read_without_what_it_has_for_debugging) {
    const TemporaryFolder folder;
    const auto path = folder.write("tabular.pt", with_records("tabular.pt", [](testing::Records& records) {
                                       for (auto& [name, bytes] : records) {
                                           if (name.ends_with(".debug_pkl")) bytes = "not a pickle";
                                       }
                                   }));
    const auto predictor = Predictor::load(path), whole = Predictor::load(golden("tabular.pt"));
    RawRow row;
    for (const std::string& name : whole.info().inputs) row[name] = RawValue("1");
    EXPECT_EQ(predictor.predict(row).probabilities, whole.predict(row).probabilities);
}

TEST(ForgedArchive, that_would_run_code_while_it_is_loaded_is_refused_and_runs_none) {
    const TemporaryFolder folder;
    const auto written = folder.path() / "written";
    torch::jit::Module module("M");
    module.register_attribute("state", c10::IntType::get(), 1);
    module.define(
        "def __getstate__(self) -> int:\n    return 1\n"
        "def __setstate__(self, state: int) -> None:\n    self.state = state\n    torch.save(state, '" +
        written.string() +
        "')\n"
        "def forward(self, x):\n    return x\n");
    std::ostringstream out;
    module.save(out, {{kMetadataName, R"({"format":1,"kind":"tensors","version":"0.2","model":"M"})"}});
    EXPECT_THAT(load_message(seal_archive(out.str())), HasSubstr("its code would run when it is loaded"));
    EXPECT_FALSE(fs::exists(written));
}

TEST(ForgedArchive, of_somebody_not_trusted_is_refused_where_its_methods_could_do_more_than_compute) {
    const auto archive = [](const std::string& body) {
        torch::jit::Module module("M");
        module.define("def other(self, x):\n    return x + 1\ndef forward(self, x):\n" + body);
        std::ostringstream out;
        module.save(out, {{kMetadataName, R"({"format":1,"kind":"tensors","version":"0.2","model":"M"})"}});
        return seal_archive(out.str());
    };
    const TemporaryFolder folder;
    const auto path = [&](const std::string& body) { return folder.write("model.pt", archive(body)); };
    const LoadOptions not_trusted{.trusted = false};
    EXPECT_NO_THROW(Predictor::load(path("    return torch.relu(self.other(x)) * 2 - x.sum()\n"), not_trusted));
    for (const std::string body :
         {"    torch.save(x, 'file')\n    return x\n", "    print(x)\n    return x\n",
          "    return torch.from_file('file', True, 10)\n", "    return torch.as_strided(x, [1], [1], 100)\n",
          "    return torch.set_(x, x)\n"}) {
        EXPECT_THAT(message_of<Error>([&] { Predictor::load(path(body), not_trusted); }),
                    AllOf(HasSubstr("which models that Embark knows do not need"), HasSubstr("ONNX")))
            << body;
        EXPECT_NO_THROW(Predictor::load(path(body))) << body;
    }
}

TEST(FileSchema, of_numbers_of_ids_that_cannot_be_is_refused) {
    for (const char* size : {"-9223372036854775808", "-1", "0", "1e30", "\"9\"", "9223372036854775808"}) {
        const std::string description = concat(R"({"kind": "collab", "model": "m", "version": "0.2", "inputs": ["user"],
            "outputs": ["rating"], "vocabulary_sizes": {"user": )", size, "}}");
        EXPECT_THAT(message_of<Error>([&] { file_schema(description); }),
                    AllOf(HasSubstr("not one that Embark writes: its 'user' is"), HasSubstr("an integer from 1")))
            << size;
    }
}

TEST(FileSchema, of_texts_and_numbers_of_another_type_is_refused) {
    const auto schema = [](const std::string& more) {
        return file_schema(concat(R"({"kind": "tensors", "model": "m", "version": "0.2")", more, "}"));
    };
    EXPECT_NO_THROW(schema(R"(, "metadata": {"a": "b"}, "training": {"epochs": 2, "recorded": {"loss": 0.5, "x": null}},
                             "forward_inputs": [{"type": "int64", "shape": [1, 2], "free": ["n", ""]}])"));
    for (const char* wrong :
         {R"(, "model": 5)", R"(, "version": [])", R"(, "metadata": 7)", R"(, "metadata": {"a": 1})", R"(, "training": 5)",
          R"(, "training": {"epochs": -1, "recorded": {}})", R"(, "training": {"epochs": 1, "recorded": {"a": "b"}})",
          R"(, "training": {"epochs": 1, "recorded": 5})",
          R"(, "forward_inputs": [{"type": 3, "shape": [1]}])", R"(, "forward_inputs": [{"type": "int64", "shape": ["a"]}])",
          R"(, "forward_inputs": [{"type": "int64", "shape": [1], "free": ["", "n"]}])"}) {
        EXPECT_THAT(message_of<Error>([&] { schema(wrong); }), HasSubstr("not one that Embark writes")) << wrong;
    }
}

}  // namespace forged_archive_test
}  // namespace embark
