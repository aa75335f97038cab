// A table that sorts by its header buttons and shows a page of its rows at a time.

import { el, replace } from "./dom.js";

const kPageRows = 50;

// columns: [{title, hint, value(item): number|string, text(item), node(item), numeric}]
export class Table {
  constructor({ label, columns, items, page_rows = kPageRows, stack = false }) {
    this.label = label;
    this.page_rows = page_rows;
    this.sort = null;  // {column: index, descending}
    this.page = 0;
    this.body = el("tbody");
    this.head = el("tr");
    this.pager = el("div", { class: "pager" });
    // `stack`: a phone shows each row as a list of names and values instead of scrolling sideways.
    this.element = el("div", { class: stack ? "table stack" : "table" },
      el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
        el("table", {}, el("caption", { class: "unseen" }, label), el("thead", {}, this.head), this.body)),
      this.pager);
    this.set(columns, items);
  }

  set(columns, items) {
    const names = columns.map((column) => column.title).join("\n");
    if (names !== this.names && this.names !== undefined) this.sort = null;
    this.names = names;
    this.columns = columns;
    this.items = items;
    this.page = 0;
    this.draw_head();
    this.draw();
  }

  sorted() {
    if (!this.sort) return this.items;
    const { column, descending } = this.sort;
    const { value } = this.columns[column];
    const keys = this.items.map((item) => value(item));
    const missing = (key) => key === null || key === undefined || Number.isNaN(key);
    const order = keys.map((_, i) => i);
    order.sort((a, b) => {
      const [x, y] = [keys[a], keys[b]];
      if (missing(x) || missing(y)) return missing(x) - missing(y) || a - b;  // always last
      const less = typeof x === "string" || typeof y === "string"
        ? String(x).localeCompare(String(y), "en", { numeric: true }) : x - y;
      return (descending ? -less : less) || a - b;
    });
    return order.map((i) => this.items[i]);
  }

  draw_head() {
    replace(this.head, this.columns.map((column, index) => {
      if (!column.value) {
        return el("th", { scope: "col" }, column.title ? column.title : el("span", { class: "unseen" }, "Actions"));
      }
      const button = el("button", {
        type: "button", title: column.hint ?? "", on: { click: () => this.sort_by(index) },
      }, column.title, el("span", { class: "arrow", "aria-hidden": "true" }));
      return el("th", { scope: "col", class: column.numeric ? "number" : "" }, button);
    }));
  }

  sort_by(index) {
    const descending = this.sort?.column === index ? !this.sort.descending : false;
    this.sort = { column: index, descending };
    this.page = 0;
    this.draw();
  }

  draw() {
    [...this.head.children].forEach((cell, index) => {
      if (!this.columns[index].value) return;
      const sorted = this.sort?.column === index;
      cell.setAttribute("aria-sort",
        sorted ? (this.sort.descending ? "descending" : "ascending") : "none");
    });
    const start = this.page * this.page_rows;
    const items = this.sorted().slice(start, start + this.page_rows);
    replace(this.body, items.map((item) => el("tr", {}, this.columns.map((column) =>
      el("td", { class: column.numeric ? "number" : "", "data-title": column.title },
        column.node ? column.node(item) : column.text(item))))));
    this.draw_pager(start, items.length);
  }

  draw_pager(start, shown) {
    const total = this.items.length;
    if (total <= this.page_rows) {
      replace(this.pager);
      return;
    }
    const go = (page) => { this.page = page; this.draw(); this.pager.querySelector(".position").focus(); };
    const last = Math.ceil(total / this.page_rows) - 1;
    const button = (text, page, off) =>
      el("button", { type: "button", disabled: off, on: { click: () => go(page) } }, text);
    replace(this.pager,
      button("Previous", this.page - 1, this.page === 0),
      el("span", { class: "position", tabindex: "-1" },
        `${(start + 1).toLocaleString("en-US")}–${(start + shown).toLocaleString("en-US")} of `
        + total.toLocaleString("en-US")),
      button("Next", this.page + 1, this.page === last));
  }
}
