// The report's page: entry point of the bundle.
import * as echarts from "echarts/core";

const report = JSON.parse(document.getElementById("report-data").textContent);
document.getElementById("report").textContent = `${report.title}, ECharts ${echarts.version}`;
