// Only those parts of ECharts that the report draws with.

import { init, use } from "echarts/core";
import {
  BarChart, CustomChart, HeatmapChart, LineChart, ParallelChart, ScatterChart,
} from "echarts/charts";
import { GridComponent, MarkAreaComponent, ParallelComponent, TooltipComponent } from "echarts/components";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";

use([BarChart, CustomChart, HeatmapChart, LineChart, ParallelChart, ScatterChart, GridComponent,
  MarkAreaComponent, ParallelComponent, TooltipComponent, CanvasRenderer, SVGRenderer]);

export { init };
