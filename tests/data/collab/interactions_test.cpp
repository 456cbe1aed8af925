#include <embark/data/collab/interactions.h>

#include <algorithm>
#include <cmath>
#include <map>

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <embark/core/error.h>
#include <embark/data/collab/interaction_loaders.h>
#include <embark/data/table/table.h>

#include "test_files.h"

namespace embark {
namespace interactions_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::message_of;

/// The items of each user of a part, by name; "-" for those that training has not.
std::map<std::string, std::vector<std::string>> named(const Interactions& events, const InteractionLists& lists) {
    std::map<std::string, std::vector<std::string>> by_user;
    const int64_t *offsets = lists.bags.offsets.const_data_ptr<int64_t>(), *items = lists.bags.indices.const_data_ptr<int64_t>();
    for (int64_t user = 0; user < events.users().size(); ++user) {
        for (int64_t i = offsets[user]; i < offsets[user + 1]; ++i) {
            by_user[events.users().name(user)].push_back(items[i] == 0 ? "-" : events.items().name(items[i]));
        }
    }
    return by_user;
}

std::vector<std::string> codes(const Interactions& events) {
    std::vector<std::string> all;
    for (const Warning& warning : events.warnings()) all.push_back(warning.code);
    return all;
}

/// Five events of a, times out of order, and two of b.
Table events_of_two() {
    return Table::from_text({{"user", {"a", "a", "b", "a", "a", "b", "a"}},
                             {"item", {"v", "w", "v", "x", "y", "w", "z"}},
                             {"rating", {"5", "4", "3", "4.5", "1", "4", "5"}},
                             {"at", {"50", "10", "5", "30", "20", "6", "40"}}});
}

TEST(Interactions, take_rows_of_a_rating_of_at_least_a_number) {
    const auto events = Interactions::from_table(
        events_of_two(), {.rating_name = "rating", .positives = at_least(4), .test_pct = 0, .valid_pct = 0});
    EXPECT_EQ(named(events, events.train()), (std::map<std::string, std::vector<std::string>>{
                                                 {"a", {"v", "w", "x", "z"}}, {"b", {"w"}}}));
    EXPECT_EQ(events.train().pairs, 5);
    EXPECT_EQ(events.test().pairs, 0);
    EXPECT_EQ(events.items().names(), (std::vector<std::string>{"#na#", "v", "w", "x", "z"}));
}

TEST(Interactions, add_up_events_of_one_pair_by_their_weights) {
    const Table table = Table::from_text(
        {{"user", {"1", "1.0", "1", "2"}}, {"item", {"x", "x", "y", "x"}}, {"n", {"2", "3", "1", "0.5"}}});
    const auto counted = Interactions::from_table(table, {.test_pct = 0});
    EXPECT_THAT(codes(counted), ElementsAre("merged_ids"));
    EXPECT_TRUE(counted.train().bags.weights.equal(at::tensor({2.F, 1.F, 1.F})));
    const auto weighed = Interactions::from_table(table, {.weight_name = "n", .test_pct = 0});
    EXPECT_TRUE(weighed.train().bags.weights.equal(at::tensor({5.F, 1.F, 0.5F})));
    EXPECT_TRUE(weighed.popularity().equal(at::tensor({0.0, 5.5, 1.0})));
}

TEST(Interactions, leave_the_last_item_of_each_user_out) {
    const auto events =
        Interactions::from_table(events_of_two(), {.time_name = "at", .split = InteractionSplit::leave_last_out});
    EXPECT_EQ(named(events, events.train()), (std::map<std::string, std::vector<std::string>>{
                                                 {"a", {"w", "x", "y", "z"}}, {"b", {"v"}}}));
    EXPECT_EQ(named(events, events.test()), (std::map<std::string, std::vector<std::string>>{{"a", {"v"}}, {"b", {"w"}}}));
    const auto choosing = Interactions::from_table(
        events_of_two(), {.time_name = "at", .split = InteractionSplit::leave_last_out, .choose_settings = true});
    EXPECT_EQ(named(choosing, choosing.train()), (std::map<std::string, std::vector<std::string>>{
                                                     {"a", {"w", "x", "y"}}, {"b", {"v"}}}));
    EXPECT_EQ(named(choosing, choosing.test()), (std::map<std::string, std::vector<std::string>>{{"a", {"-"}}}));
    EXPECT_THAT(codes(choosing), ElementsAre("unknown_items"));
}

TEST(Interactions, split_by_time_within_each_user_or_over_all) {
    const auto within = Interactions::from_table(
        events_of_two(), {.time_name = "at", .split = InteractionSplit::temporal, .test_pct = 0.4, .valid_pct = 0});
    EXPECT_EQ(named(within, within.train()),
              (std::map<std::string, std::vector<std::string>>{{"a", {"w", "x", "y"}}, {"b", {"v"}}}));
    EXPECT_EQ(named(within, within.test()), (std::map<std::string, std::vector<std::string>>{{"a", {"-", "v"}}, {"b", {"w"}}}));
    InteractionOptions over_all = {.time_name = "at", .split = InteractionSplit::global_temporal, .test_pct = 0.4};
    const auto latest = Interactions::from_table(events_of_two(), over_all);
    EXPECT_EQ(named(latest, latest.train()), (std::map<std::string, std::vector<std::string>>{{"a", {"w", "y"}}, {"b", {"v", "w"}}}));
    EXPECT_EQ(named(latest, latest.test()), (std::map<std::string, std::vector<std::string>>{{"a", {"-", "-", "v"}}}));
    over_all.test_pct = 0.7;
    EXPECT_THAT(message_of<Error>([&] { Interactions::from_table(events_of_two(), over_all); }),
                HasSubstr("Nothing can be measured"));
}

TEST(Interactions, random_parts_have_rounded_shares_of_each_user_and_follow_from_the_seed) {
    std::vector<std::string> users, items;
    for (int i = 0; i < 37; ++i) {
        users.push_back(i < 25 ? "many" : "few");
        items.push_back("i" + std::to_string(i % 25));
    }
    const Table table = Table::from_text({{"user", users}, {"item", items}});
    const auto part = [&](uint64_t seed, bool choose) {
        return Interactions::from_table(table, {.choose_settings = choose, .seed = seed});
    };
    const auto events = part(1, false), choosing = part(1, true);
    EXPECT_EQ(events.train().pairs, 20 + 10);
    EXPECT_EQ(events.test().pairs, 5 + 2);
    EXPECT_EQ(choosing.train().pairs, 18 + 9);  // 2.5 and 1.2 are rounded to 2 and 1
    EXPECT_EQ(choosing.test().pairs, 2 + 1);
    EXPECT_EQ(named(events, events.test()), named(part(1, false), part(1, false).test()));
    EXPECT_NE(named(events, events.test()), named(part(2, false), part(2, false).test()));
    // What settings are chosen on is never what is tested on.
    for (const auto& [user, chosen] : named(choosing, choosing.test())) {
        for (const std::string& item : chosen) {
            if (item == "-") continue;
            const auto train = named(events, events.train()).at(user);
            EXPECT_NE(std::ranges::find(train, item), train.end());
        }
    }
}

TEST(Interactions, of_two_tables_measure_what_is_new_to_known_users) {
    const Table train = Table::from_text({{"user", {"a", "a", "b"}}, {"item", {"x", "y", "x"}}});
    const Table test = Table::from_text({{"user", {"a", "a", "c", "b"}}, {"item", {"x", "q", "x", "y"}}});
    const auto events = Interactions::from_tables(train, test);
    EXPECT_EQ(named(events, events.test()), (std::map<std::string, std::vector<std::string>>{{"a", {"-"}}, {"b", {"y"}}}));
    EXPECT_THAT(codes(events), ElementsAre("unknown_users", "known_pairs", "unknown_items"));
}

TEST(Interactions, rows_without_ids_are_left_out_and_said) {
    const Table table = Table::from_text({{"user", {"a", "", "b", "a"}}, {"item", {"x", "x", "", "y"}}});
    const auto events = Interactions::from_table(table, {.test_pct = 0});
    EXPECT_EQ(events.train().pairs, 2);
    EXPECT_THAT(codes(events), ElementsAre("missing_ids", "missing_ids"));
    EXPECT_EQ(events.users().size(), 2);
}

TEST(Interactions, that_cannot_be_are_refused_in_a_sentence) {
    const auto says = [](const Table& table, const InteractionOptions& options) {
        return message_of<Error>([&] { Interactions::from_table(table, options); });
    };
    const Table table = events_of_two();
    EXPECT_THAT(says(table, {.rating_name = "rating", .positives = at_least(9)}), HasSubstr("None of the 7 rows"));
    EXPECT_THAT(says(table, {.positives = at_least(4)}), HasSubstr("column of ratings"));
    EXPECT_THAT(says(table, {.rating_name = "stars", .positives = at_least(4)}), HasSubstr("stars"));
    EXPECT_THAT(says(table, {.split = InteractionSplit::temporal}), HasSubstr("column of times"));
    EXPECT_THAT(says(table, {.test_pct = 1}), HasSubstr("shares"));
    EXPECT_THAT(says(table, {.test_pct = 0.6, .valid_pct = 0.5}), HasSubstr("shares"));
    EXPECT_THAT(says(table, {.test_pct = std::nan("")}), HasSubstr("shares"));
    EXPECT_THAT(says(table, {.user_name = "item", .item_name = "item"}), HasSubstr("cannot hold both"));
    EXPECT_THAT(says(Table::from_text({{"user", {"a"}}, {"item", {"x"}}, {"at", {"soon"}}}), {.time_name = "at"}), HasSubstr("soon"));
    const Table one_each = Table::from_text({{"user", {"a", "b"}}, {"item", {"x", "y"}}});
    EXPECT_THAT(says(one_each, {}), HasSubstr("No user"));
    const Table negative = Table::from_text({{"user", {"a", "b"}}, {"item", {"x", "y"}}, {"w", {"1", "-2"}}});
    EXPECT_THAT(says(negative, {.weight_name = "w"}), HasSubstr("row 2, column 'w': the weight of an event must be above 0"));
    for (const char* weight : {"1e300", "1e-300"}) {
        const Table lost = Table::from_text({{"user", {"a", "b"}}, {"item", {"x", "y"}}, {"w", {"1", weight}}});
        EXPECT_THAT(says(lost, {.weight_name = "w"}), HasSubstr("row 2, column 'w': the weight of an event is too"));
    }
    const Table odd = Table::from_text({{"user", {"a", "b"}}, {"item", {"x", "y"}}, {"w", {"1", "much"}}});
    EXPECT_THAT(says(odd, {.weight_name = "w"}), HasSubstr("much"));
    EXPECT_THAT(says(odd, {.rating_name = "w", .positives = at_least(1)}), HasSubstr("much"));
    EXPECT_THAT(says(Table::from_text({{"user", {""}}, {"item", {""}}}), {}), HasSubstr("has both a user and an item"));
    EXPECT_THROW(interaction_split_of("ramdom"), UsageError);
    EXPECT_THROW(negative_sampling_of("unifrom"), UsageError);
}

TEST(UserLoaders, have_what_each_user_had_as_padded_lists) {
    const auto events = Interactions::from_table(
        events_of_two(), {.time_name = "at", .split = InteractionSplit::leave_last_out});
    const auto dls = user_loaders(events, {.batch_size = 8});
    const Batch batch = dls.one_batch();
    ASSERT_EQ(batch.inputs.front().sizes(), at::IntArrayRef({2, 1}));
    const int64_t a = batch.inputs[0][0][0].item<int64_t>() == 1 ? 0 : 1;
    EXPECT_TRUE(batch.targets[0][1 - a].equal(at::tensor({1, -1, -1, -1}, at::kLong)));
    EXPECT_TRUE(batch.targets[1][1 - a].equal(at::tensor({1.F, 0.F, 0.F, 0.F})));
    EXPECT_TRUE(batch.targets[1][a].equal(at::ones({4})));
    EXPECT_EQ(dls.valid().rows(), 2);
}

Interactions many_events(int64_t n_users = 30, int64_t n_items = 12) {
    std::vector<std::string> users, items;
    Random random(4);
    for (int64_t user = 0; user < n_users; ++user) {
        for (int64_t item = 0; item < n_items; ++item) {
            if (item != user % n_items && !random.chance(0.5)) continue;
            users.push_back("u" + std::to_string(user));
            items.push_back("i" + std::to_string(item));
        }
    }
    return Interactions::from_table(Table::from_text({{"user", users}, {"item", items}}), {.test_pct = 0});
}

TEST(PairLoaders, draw_negatives_that_the_user_did_not_have_and_the_same_each_time) {
    const auto events = many_events();
    for (const auto sampling : {NegativeSampling::uniform, NegativeSampling::popularity, NegativeSampling::in_batch}) {
        const auto dls = pair_loaders(events, {.sampling = sampling, .n = 5}, {.batch_size = 16, .seed = 3});
        const auto again = pair_loaders(events, {.sampling = sampling, .n = 5}, {.batch_size = 16, .seed = 3});
        const auto epoch = dls.train().epoch(2);
        for (int64_t i = 0; i < epoch.size(); ++i) {
            const Batch batch = epoch[i];
            EXPECT_TRUE(batch.inputs.front().equal(again.train().epoch(2)[i].inputs.front()));
            const auto x = batch.inputs.front().accessor<int64_t, 2>();
            for (int64_t row = 0; row < x.size(0); ++row) {
                const int64_t* offsets = events.train().bags.offsets.const_data_ptr<int64_t>() + x[row][0];
                const int64_t* items = events.train().bags.indices.const_data_ptr<int64_t>();
                EXPECT_TRUE(std::binary_search(items + offsets[0], items + offsets[1], x[row][1]));
                for (int64_t j = 2; j < 7; ++j) {
                    EXPECT_FALSE(std::binary_search(items + offsets[0], items + offsets[1], x[row][j]));
                    EXPECT_GT(x[row][j], 0);
                }
            }
        }
        EXPECT_FALSE(dls.train().epoch(1)[0].inputs[0].equal(epoch[0].inputs[0]));
    }
}

TEST(PairLoaders, say_how_often_each_negative_is_drawn) {
    const auto events = many_events();
    for (const auto sampling : {NegativeSampling::uniform, NegativeSampling::popularity}) {
        const auto dls = pair_loaders(events, {.sampling = sampling, .n = 3, .unseen = false}, {.batch_size = 1'000'000});
        // Of the rows with item 1 as their own, what is drawn besides, over many epochs.
        std::vector<double> drawn(13, 0), expected(13, 0);
        double rows = 0;
        for (int64_t number = 0; number < 200; ++number) {
            const Batch batch = dls.train().epoch(number)[0];
            const auto x = batch.inputs[0].accessor<int64_t, 2>();
            const auto log_counts = batch.targets[0].accessor<float, 2>();
            for (int64_t row = 0; row < x.size(0); ++row) {
                if (x[row][1] != 1) continue;
                EXPECT_EQ(log_counts[row][0], 0);
                ++rows;
                for (int64_t j = 2; j < 5; ++j) {
                    ++drawn[static_cast<size_t>(x[row][j])];
                    expected[static_cast<size_t>(x[row][j])] = std::exp(log_counts[row][j - 1]);
                }
            }
        }
        for (size_t item = 2; item < 13; ++item) EXPECT_NEAR(drawn[item] / rows, expected[item], 0.03) << item;
        EXPECT_EQ(drawn[1], 0);
    }
}

TEST(PairLoaders, refuse_what_cannot_be) {
    const Table one_item = Table::from_text({{"user", {"a", "b"}}, {"item", {"x", "x"}}});
    EXPECT_THAT(message_of<Error>([&] { pair_loaders(Interactions::from_table(one_item, {.test_pct = 0}), {}); }),
                HasSubstr("'x' is the only one"));
    EXPECT_THROW(pair_loaders(many_events(), {.n = 0}), UsageError);
}

}  // namespace interactions_test
}  // namespace embark
