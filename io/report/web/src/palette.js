// Colours of series. Categories: Okabe and Ito's palette, told apart also by people who are colour-blind,
// darkened or lightened for the ground; markers differ as well. Ordered values: one ramp.

const kLight = ["#0b63b0", "#d55e00", "#00856a", "#b14c8a", "#a87900", "#2f8fc9", "#6a51a3", "#5f6b76"];
const kDark = ["#5aa9f0", "#ff9351", "#2fc7a1", "#e58fc4", "#e8bd3c", "#9cd0f5", "#b5a1ea", "#a9b4bf"];
const kRampLight = ["#c9dcef", "#85b6e0", "#3b87c8", "#0b5ba3", "#06305a"];
const kRampDark = ["#1d3a5c", "#1f639f", "#3f93d6", "#86c2f2", "#dcefff"];
export const kSymbols = ["circle", "rect", "triangle", "diamond", "pin", "roundRect", "arrow", "circle"];

const dark_query = matchMedia("(prefers-color-scheme: dark)");
const print_query = matchMedia("print");
let printing = false;

export function set_printing(on) { printing = on; }

function is_dark() {
  return dark_query.matches && !printing && !print_query.matches;
}

export function on_theme_change(handler) {
  dark_query.addEventListener("change", handler);
  print_query.addEventListener("change", handler);
}

export function category_color(index) {
  const palette = is_dark() ? kDark : kLight;
  return palette[index % palette.length];
}

function mix(a, b, share) {
  const channel = (color, at) => parseInt(color.slice(at, at + 2), 16);
  const mixed = [1, 3, 5].map((at) =>
    Math.round(channel(a, at) + (channel(b, at) - channel(a, at)) * share));
  return `#${mixed.map((value) => value.toString(16).padStart(2, "0")).join("")}`;
}

// share in [0, 1]
export function ramp_color(share) {
  const ramp = is_dark() ? kRampDark : kRampLight;
  const at = Math.min(0.9999, Math.max(0, share)) * (ramp.length - 1);
  return mix(ramp[Math.floor(at)], ramp[Math.floor(at) + 1], at % 1);
}

// Whether dark text is readable on it.
export function is_bright(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  return red * 0.299 + green * 0.587 + blue * 0.114 > 140;
}

// The colour of value number `code` of an axis, the same in all charts.
export function axis_color(axis, code) {
  if (code < 0) return ink().faint;
  if (axis.kind === "number") {
    const last = Math.max(1, axis.values.length - 1);
    return ramp_color(0.18 + (0.82 * code) / last);
  }
  return category_color(code);
}

export function axis_symbol(axis, code) {
  return code < 0 || axis.kind === "number" ? "circle" : kSymbols[code % kSymbols.length];
}

export function ink() {
  return is_dark()
    ? { text: "#e6e9ee", quiet: "#a3adb9", faint: "#5c6672", grid: "#2a313a", ground: "#14181d",
      accent: "#5aa9f0" }
    : { text: "#1b2127", quiet: "#5a6572", faint: "#a7b0ba", grid: "#e6e9ed", ground: "#ffffff",
      accent: "#0b63b0" };
}
