// What will a customer buy next?
//
// A table of purchases has no ratings, only who bought what. Interactions counts the events, leaves a fifth of each
// customer's articles out, and ranking_learner learns to rank all articles by the others. Here 400 customers prefer one of
// five kinds of 100 articles; a real program reads its table with read_csv.
//
// What is measured is over all articles that are new to the customer; the figures of the most popular articles, which every
// model must be better than, stand beside.
//
// Expected: a table of epochs, then
//
//     bag: NDCG@10 0.35…, the most popular articles 0.06…
//     ease: NDCG@10 0.36…
//     Somebody who bought article 3 and article 8: article 68, article 18, article 28, …
//
// bag more than four times as good as the most popular articles, and the articles of the last line of the same kind: their numbers
// divided by five leave a remainder of 3.
#include <iostream>

#include <embark/embark.h>

using namespace embark;

Table made_purchases() {
    std::vector<std::string> customers, articles;
    Random random(5);
    for (int customer = 0; customer < 400; ++customer) {
        for (int article = 0; article < 100; ++article) {
            if (!random.chance(article % 5 == customer % 5 ? 0.5 : 0.05)) continue;
            customers.push_back("customer " + std::to_string(customer));
            articles.push_back("article " + std::to_string(article));
        }
    }
    return Table::from_text({{"customer", customers}, {"article", articles}});
}

int main() try {
    set_seed(1);
    const auto events = Interactions::from_table(made_purchases(), {.user_name = "customer", .item_name = "article"});

    // The recipe has what trains well: change in it what should be other.
    const auto recipe = ranking_recipe(events, RankingKind::bag);
    auto learn = ranking_learner(events, recipe.model, recipe.learner);
    fit_recipe(learn, recipe);
    const auto figures = learn.measure("ndcg@10");
    std::cout << "bag: NDCG@10 " << figures.values.at("ndcg@10") << ", the most popular articles "
              << figures.popularity.at("ndcg@10") << "\n";

    // EASE is solved at once, and hard to beat up to some 20,000 items.
    const auto ease = ranking_learner(events, {.kind = RankingKind::ease, .ease_l2 = 50});
    std::cout << "ease: NDCG@10 " << ease.measure("ndcg@10").values.at("ndcg@10") << "\n";

    // A customer whom training did not see is known by what they bought.
    std::cout << "Somebody who bought article 3 and article 8:";
    for (const auto& [article, score] : learn.recommend_for({"article 3", "article 8"}, 3)) std::cout << " " << article << ",";
    std::cout << " …\n";

    // The file answers the same in Python, with nothing of Embark: recommend_for(["article 3", "article 8"], 3).
    learn.export_torchscript("purchases.pt");
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
}
