#include "host/parameters/where.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "host/base/error.hpp"
#include "host/base/names.hpp"
#include "host/parameters/toml_text.hpp"

namespace servesweep {

namespace {

[[noreturn]] void fail_condition(std::string_view text, const std::string& why, std::size_t at,
                                 const std::string& advice) {
  throw InputError("invalid condition " + toml_string(text) + " (" + why + " at character " +
                   std::to_string(at + 1) + ")" + advice);
}

}  // namespace

double Where::evaluate(std::size_t index, const double* values) const {
  const Node& node = nodes_[index];
  if (node.apply == nullptr) return node.parameter == kNone ? node.value : values[node.parameter];
  const double left = evaluate(node.left, values);
  if (node.right == kNone) return node.apply(left, 0);
  if (node.rule == Node::Rule::kAnd && left == 0) return 0;
  if (node.rule == Node::Rule::kOr && left != 0) return 1;
  const double right = evaluate(node.right, values);
  if (node.rule == Node::Rule::kDivision && right == 0) {
    fail_condition(text_, "division by zero", node.at,
                   " exclude it before: \"x != 0 and 1 / x < ...\"");
  }
  return node.apply(left, right);
}

namespace {

// What binds weaker comes first; `not` binds between kAnd and kCompare.
enum Level { kOr, kAnd, kCompare, kAdd, kMultiply };
struct Operator {
  Level level;
  std::string_view symbol;
  double (*apply)(double left, double right);
  std::string_view word = {};
};
constexpr Operator kOperators[] = {
    {kOr, "||", [](double a, double b) -> double { return a != 0 || b != 0; }, "or"},
    {kAnd, "&&", [](double a, double b) -> double { return a != 0 && b != 0; }, "and"},
    {kCompare, "==", [](double a, double b) -> double { return a == b; }},
    {kCompare, "!=", [](double a, double b) -> double { return a != b; }},
    {kCompare, "<=", [](double a, double b) -> double { return a <= b; }},
    {kCompare, ">=", [](double a, double b) -> double { return a >= b; }},
    {kCompare, "<", [](double a, double b) -> double { return a < b; }},
    {kCompare, ">", [](double a, double b) -> double { return a > b; }},
    {kAdd, "+", [](double a, double b) { return a + b; }},
    {kAdd, "-", [](double a, double b) { return a - b; }},
    {kMultiply, "*", [](double a, double b) { return a * b; }},
    {kMultiply, "/", [](double a, double b) { return a / b; }},
};

}  // namespace

class WhereParser {
 public:
  WhereParser(Where& where, std::string_view text, const ParameterSet& parameters,
              const std::vector<std::string>& texts)
      : where_(where), text_(text), parameters_(parameters), texts_(texts) {}

  void parse() {
    if (text_.size() > kLongest) {
      text_ = text_.substr(0, 60);
      fail(0, "longer than " + std::to_string(kLongest) + " characters");
    }
    next();
    const Operand all = checked(Kind::kTruth, binary(kOr));
    if (!token_.empty()) fail(at_, "unexpected " + std::string(token_));
    where_.root_ = all.node;
    where_.text_ = text_;
  }

 private:
  // kName and kQuoted wait for the other side of a comparison to say what they name.
  enum class Kind { kNumber, kTruth, kChoice, kText, kName, kQuoted };
  struct Operand {
    Kind kind = Kind::kNumber;
    std::size_t node = 0;
    std::size_t at = 0;                    // its place in the condition
    std::string name = {};                 // kName, kQuoted
    const Parameter* parameter = nullptr;  // kChoice, kText
  };
  static constexpr int kDeepest = 100;           // nested brackets, signs and nots
  static constexpr std::size_t kLongest = 4000;  // evaluate() goes as deep as a sum is long

  [[noreturn]] void fail(std::size_t at, const std::string& why, const std::string& advice = "") {
    fail_condition(text_, why, at, advice);
  }

  // --- tokens -------------------------------------------------------------------------------
  static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  void next() {
    while (end_ < text_.size() && (text_[end_] == ' ' || text_[end_] == '\t' ||
                                   text_[end_] == '\n' || text_[end_] == '\r')) {
      ++end_;
    }
    at_ = end_;
    if (at_ == text_.size()) {
      token_ = {};
      return;
    }
    const char c = text_[at_];
    const auto rest = text_.substr(at_);
    if (is_letter(c)) {
      while (end_ < text_.size() &&
             (is_letter(text_[end_]) || is_digit(text_[end_]) || text_[end_] == '.')) {
        ++end_;
      }
    } else if (is_digit(c) || c == '.') {
      const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), number_);
      if (read.ec != std::errc()) fail(at_, "invalid number");
      end_ += static_cast<std::size_t>(read.ptr - rest.data());
    } else if (c == '"' || c == '\'') {
      const std::size_t close = text_.find(c, at_ + 1);
      if (close == std::string_view::npos) fail(at_, "quote without its end");
      end_ = close + 1;
    } else {
      static constexpr std::string_view kSymbols[] = {"==", "!=", "<=", ">=", "&&", "||", "<", ">",
                                                      "+",  "-",  "*",  "/",  "(",  ")",  "!"};
      const auto symbol = std::find_if(std::begin(kSymbols), std::end(kSymbols),
                                       [&](std::string_view s) { return rest.starts_with(s); });
      if (symbol == std::end(kSymbols)) {
        fail(at_, "unexpected " + std::string(1, c), c == '=' ? " write ==" : "");
      }
      end_ += symbol->size();
    }
    token_ = text_.substr(at_, end_ - at_);
  }

  bool accept(std::string_view a, std::string_view b = "") {
    if (token_.empty() || (token_ != a && token_ != b)) return false;
    next();
    return true;
  }

  // --- nodes --------------------------------------------------------------------------------
  std::size_t add(Where::Node node) {
    where_.nodes_.push_back(node);
    return where_.nodes_.size() - 1;
  }
  Operand constant(Kind kind, double value, std::size_t at) { return {kind, add({value}), at}; }
  Operand join(Kind kind, const Operator& op, std::size_t at, const Operand& left,
               const Operand& right) {
    using Rule = Where::Node::Rule;
    const Rule rule = op.level == kAnd   ? Rule::kAnd
                      : op.level == kOr  ? Rule::kOr
                      : op.symbol == "/" ? Rule::kDivision
                                         : Rule::kNone;
    return {kind, add({0, Where::kNone, op.apply, left.node, right.node, rule, at}), left.at};
  }

  // A name as the parameter that it must be by now.
  Operand settled(Operand operand) {
    if (operand.kind == Kind::kQuoted)
      fail(operand.at, toml_string(operand.name) + " is compared with no choice or text");
    if (operand.kind != Kind::kName) return operand;
    const auto found = parameters_.find(operand.name);
    if (!found) {
      if (const auto keys = parameters_.keys_named(operand.name); keys.size() > 1) {
        fail(operand.at, "ambiguous name " + operand.name, " write one of " + joined(keys));
      }
      fail(operand.at, "unknown name " + operand.name,
           did_you_mean(parameters_.suggestion(operand.name)));
    }
    const Parameter& p = parameters_[*found];
    Operand out{Kind::kNumber, add({0, *found}), operand.at, {}, &p};
    if (p.type == ParameterType::kBool) out.kind = Kind::kTruth;
    if (p.type == ParameterType::kChoice) out.kind = Kind::kChoice;
    if (p.is_text()) out.kind = Kind::kText;
    return out;
  }
  Operand checked(Kind kind, Operand operand) {
    operand = settled(std::move(operand));
    if (operand.kind == kind) return operand;
    fail(operand.at, kind == Kind::kNumber ? "not a number" : "neither true nor false");
  }

  // `name` as a value of the choice or text `parameter`, where it can be meant so.
  std::optional<Operand> value_of(const Parameter& parameter, const Operand& name) {
    if (name.kind != Kind::kName && name.kind != Kind::kQuoted) return std::nullopt;
    const bool choice = parameter.type == ParameterType::kChoice;
    const std::vector<std::string>& names = choice ? parameter.choices : texts_;
    const auto at = std::find(names.begin(), names.end(), name.name);
    if (at != names.end() && (choice || name.kind == Kind::kQuoted)) {
      Operand value = constant(choice ? Kind::kChoice : Kind::kText,
                               static_cast<double>(at - names.begin()), name.at);
      value.parameter = &parameter;
      return value;
    }
    if (name.kind == Kind::kName && parameters_.find(name.name)) return std::nullopt;
    fail(name.at, toml_string(name.name) + " is no value of " + parameter.key,
         choice ? did_you_mean(nearest(name.name, names)) : "");
  }

  // --- grammar ------------------------------------------------------------------------------
  // Goes on behind the operator of this level that is the current token, if one is.
  const Operator* accept_operator(Level level) {
    for (const Operator& op : kOperators) {
      if (op.level == level && accept(op.symbol, op.word)) return &op;
    }
    return nullptr;
  }
  // Operators of equal level are applied from left to right.
  Operand binary(Level level) {
    const auto tighter = [&] {
      return level == kOr    ? binary(kAnd)
             : level == kAnd ? negation()
             : level == kAdd ? binary(kMultiply)
                             : primary();
    };
    const Kind kind = level < kCompare ? Kind::kTruth : Kind::kNumber;
    Operand left = tighter();
    for (std::size_t at = at_; const Operator* op = accept_operator(level); at = at_) {
      const Operand right = checked(kind, tighter());
      left = join(kind, *op, at, checked(kind, left), right);
    }
    return left;
  }
  Operand negation() {
    const Nesting nesting(*this);
    const std::size_t at = at_;
    if (!accept("not", "!")) return comparison();
    const Operand of = checked(Kind::kTruth, negation());
    const auto apply = [](double a, double) -> double { return a == 0; };
    return {Kind::kTruth, add({0, Where::kNone, apply, of.node}), at};
  }
  Operand comparison() {
    Operand left = binary(kAdd);
    const std::size_t operator_at = at_;
    const Operator* op = accept_operator(kCompare);
    if (!op) return left;
    Operand right = binary(kAdd);
    const std::size_t again_at = at_;
    if (accept_operator(kCompare)) fail(again_at, "comparisons do not chain", " join them by and");

    const auto has_values = [&](const Operand& o) {
      return o.parameter && (o.kind == Kind::kChoice || o.kind == Kind::kText);
    };
    const auto is_known = [&](const std::string& name) {
      return parameters_.find(name) || !parameters_.keys_named(name).empty();
    };
    if (left.kind == Kind::kName && is_known(left.name)) left = settled(left);
    if (has_values(left)) {
      if (auto value = value_of(*left.parameter, right)) right = *value;
    }
    right = settled(right);
    if (has_values(right)) {
      if (auto value = value_of(*right.parameter, left)) left = *value;
    }
    left = settled(left);
    const bool same_values = left.parameter == right.parameter || left.kind == Kind::kNumber ||
                             left.kind == Kind::kTruth;
    if (left.kind != right.kind || !same_values) {
      fail(operator_at, "the two sides cannot be compared");
    }
    if (left.kind != Kind::kNumber && op->symbol != "==" && op->symbol != "!=") {
      fail(operator_at, "only numbers have an order");
    }
    return join(Kind::kTruth, *op, operator_at, left, right);
  }
  Operand primary() {
    const Nesting nesting(*this);
    const std::size_t at = at_;
    const std::string_view token = token_;
    if (token.empty()) fail(at, "something is missing");
    if (accept("-")) {
      const Operand of = checked(Kind::kNumber, primary());
      const auto apply = [](double a, double) { return -a; };
      return {Kind::kNumber, add({0, Where::kNone, apply, of.node}), at};
    }
    if (accept("(")) {
      Operand inside = binary(kOr);
      if (!accept(")")) fail(at, "bracket without its end");
      return inside;
    }
    if (is_digit(token[0]) || token[0] == '.') {
      const double value = number_;
      next();
      return constant(Kind::kNumber, value, at);
    }
    if (token[0] == '"' || token[0] == '\'') {
      next();
      return {Kind::kQuoted, 0, at, std::string(token.substr(1, token.size() - 2))};
    }
    static constexpr std::string_view kWords[] = {"and", "or", "not"};
    if (!is_letter(token[0]) ||
        std::find(std::begin(kWords), std::end(kWords), token) != std::end(kWords)) {
      fail(at, "unexpected " + std::string(token));
    }
    next();
    if (token == "true" || token == "false") return constant(Kind::kTruth, token == "true", at);
    return {Kind::kName, 0, at, std::string(token)};
  }

  struct Nesting {
    explicit Nesting(WhereParser& p) : parser(p) {
      if (++parser.depth_ > kDeepest) parser.fail(parser.at_, "nested too deeply");
    }
    ~Nesting() { --parser.depth_; }
    WhereParser& parser;
  };

  Where& where_;
  std::string_view text_;
  const ParameterSet& parameters_;
  const std::vector<std::string>& texts_;
  std::size_t at_ = 0, end_ = 0;  // of the current token
  std::string_view token_;        // empty at the end
  double number_ = 0;             // the last number token's value
  int depth_ = 0;
};

Where::Where(std::string_view condition, const ParameterSet& parameters,
             const std::vector<std::string>& texts) {
  WhereParser(*this, condition, parameters, texts).parse();
}

}  // namespace servesweep
