// Lines of the response curves: points and the bands around them.

// Rows of one line as [{code, mean, low, high, half_width, rows}] by ascending code of the x axis. low and
// high: of the 95 % interval, or of several rows the extremes.
export function points_of(report, rows, x, y) {
  const by_code = new Map();
  const values = report.numbers(y);
  for (const row of rows) {
    if (!Number.isFinite(values[row])) continue;
    const code = report.codes(x)[row];
    if (!by_code.has(code)) by_code.set(code, []);
    by_code.get(code).push(row);
  }
  const half_widths = report.half_widths(y);
  return [...by_code].sort((a, b) => a[0] - b[0]).map(([code, members]) => {
    const numbers = members.map((row) => values[row]);
    const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
    const half_width = members.length === 1 ? half_widths?.[members[0]] ?? NaN : NaN;
    const low = members.length > 1 ? Math.min(...numbers) : mean - half_width;
    const high = members.length > 1 ? Math.max(...numbers) : mean + half_width;
    return { code, mean, low, high, half_width, rows: members };
  });
}

// Polygon between the ends of intervals or ranges; null where there are none.
export function band(name, color, points, x_axis, y_axis, floor) {
  const known = points.filter((point) => Number.isFinite(point.low) && point.high > point.low);
  if (!known.length) return null;
  const low = (point) => (y_axis.log ? Math.max(point.low, floor) : point.low);
  const shape = [
    ...known.map((point) => [x_axis.place(point.x), y_axis.place(point.high)]),
    ...[...known].reverse().map((point) => [x_axis.place(point.x), y_axis.place(low(point))]),
  ];
  return {
    type: "custom", name, silent: true, z: 1, clip: true, tooltip: { show: false }, data: [shape[0]],
    renderItem: (_, api) => ({
      type: "polygon", shape: { points: shape.map((point) => api.coord(point)) },
      style: { fill: color, opacity: 0.16 }, silent: true,
    }),
  };
}
