// The points that are brushed in the parallel coordinates; the table of points shows them.

export class Selection {
  constructor() {
    this.rows = null;  // Set of rows; null: all
    this.listeners = [];
  }

  on_change(listener) { this.listeners.push(listener); }

  set(rows) {
    this.rows = rows;
    for (const listener of this.listeners) listener();
  }

  has(row) { return this.rows === null || this.rows.has(row); }
}
