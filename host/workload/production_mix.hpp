// The preset "production-mix": the lengths of the mixed load of a public vLLM benchmark of
// Qwen2.5-7B (repository QwenInferenceOptimization, week 2): six kinds of requests, each with its
// share, the words of its prompts and a uniform token limit, which every request reaches. Words
// become tokens at the benchmark's own ratio of 0.766 words per token.
//
// Arrivals are not its own: [workload.arrivals] gives them. Ignores: which words the prompts have,
// and answers that end before their limit.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "host/base/random.hpp"

namespace servesweep::production_mix {

struct Category {
  const char* name;
  double share;
  std::int32_t min_words, max_words, word_step;  // a prompt has min, min + step, ... max words
  std::int32_t min_output_tokens, max_output_tokens;
};

inline constexpr std::array<Category, 6> kCategories = {
    {{"chat_short", 0.30, 4, 6, 1, 10, 30},
     {"chat_medium", 0.25, 6, 12, 1, 50, 150},
     {"chat_long", 0.10, 36, 57, 21, 200, 500},
     {"code", 0.15, 8, 12, 1, 50, 200},
     {"summarization", 0.10, 17, 21, 4, 30, 100},
     {"qa", 0.10, 5, 7, 2, 5, 20}}};
inline constexpr double kWordsPerToken = 0.766;

inline std::int32_t tokens_of_words(std::int32_t words) {
  return static_cast<std::int32_t>(std::lround(words / kWordsPerToken));
}

struct Lengths {
  explicit Lengths(const RandomSource& random)
      : category_stream(random.stream(StreamId::kCategory)),
        prompt_stream(random.stream(StreamId::kPromptLength)),
        output_stream(random.stream(StreamId::kOutputLength)) {}

  const Category& category(std::uint64_t i) const {
    double left = category_stream.uniform(i);
    std::size_t k = 0;
    while (k + 1 < kCategories.size() && left >= kCategories[k].share)
      left -= kCategories[k++].share;
    return kCategories[k];
  }

  void draw(std::uint64_t i, std::int32_t& prompt, std::int32_t& output) const {
    const Category& c = category(i);
    const auto pick = [](double share, std::int32_t min, std::int32_t max, std::int32_t step) {
      const std::int32_t count = (max - min) / step + 1;
      return min + step * static_cast<std::int32_t>(share * count);
    };
    prompt = tokens_of_words(pick(prompt_stream.uniform(i), c.min_words, c.max_words, c.word_step));
    output = pick(output_stream.uniform(i), c.min_output_tokens, c.max_output_tokens, 1);
  }

  RandomStream category_stream, prompt_stream, output_stream;
};

}  // namespace servesweep::production_mix
