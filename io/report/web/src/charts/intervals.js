// 95 % intervals as vertical bars.

// `points`: [{x, low, high}] in the places of the axes.
export function interval_bars(points, color, name = "intervals") {
  return {
    type: "custom", name, silent: true, z: 5, clip: true, tooltip: { show: false },
    data: points.map((point) => [point.x, point.low, point.high]), encode: { x: 0, y: [1, 2] },
    renderItem: ({ dataIndex }, api) => {
      const { x, low, high } = points[dataIndex];
      const [at, bottom] = api.coord([x, low]);
      const [, top] = api.coord([x, high]);
      return {
        type: "line", shape: { x1: at, y1: bottom, x2: at, y2: top }, silent: true,
        style: { stroke: color, lineWidth: 1.5 },
      };
    },
  };
}
